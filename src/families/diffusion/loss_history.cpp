// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/loss_history.h"

#include <ATen/ATen.h>

#include <string>

#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

constexpr int64_t kRemembered = 10;
constexpr double kUniformShare = 0.001;

// [2,N]: the timesteps of u, and 1/(T p) of each. All on the CPU, f64.
Tensor drawn_by(const Tensor& losses, const Tensor& counts, const Tensor& u) {
  const auto timesteps = losses.size(0);
  const auto share = static_cast<double>(timesteps);
  if (counts.lt(kRemembered).any().item<bool>()) {
    return at::stack({(u * share).floor(), at::ones_like(u)});
  }
  const auto p = second_moment_distribution(losses);
  // The last sum may round to less than u.
  const auto i = at::searchsorted(p.cumsum(0), u, /*out_int32=*/false, /*right=*/true)
                     .clamp_max(timesteps - 1);
  return at::stack({i.to(at::kDouble), 1.0 / (share * p.index_select(0, i))});
}

// In place; the i-th loss belongs to the i-th timestep. All on the CPU.
void remember(const Tensor& losses, const Tensor& counts, const Tensor& timesteps,
              const Tensor& of_examples) {
  auto rows = losses.accessor<double, 2>();
  auto count = counts.accessor<int64_t, 1>();
  const auto row_of = timesteps.accessor<int64_t, 1>();
  const auto loss = of_examples.accessor<double, 1>();
  for (int64_t example = 0; example < loss.size(0); ++example) {
    auto row = rows[row_of[example]];
    auto& held = count[row_of[example]];
    if (held == kRemembered) {
      for (int64_t k = 1; k < kRemembered; ++k) row[k - 1] = row[k];
      --held;
    }
    row[held++] = loss[example];
  }
}

Tensor on_cpu(const Tensor& of) { return of.to(at::kCPU); }

}  // namespace

torch::Tensor second_moment_distribution(const torch::Tensor& losses) {
  const auto root = losses.square().mean(1).sqrt();
  return root / root.sum() * (1.0 - kUniformShare) +
         kUniformShare / static_cast<double>(losses.size(0));
}

LossHistory::LossHistory(std::int64_t timesteps, torch::Device device)
    : timesteps_(timesteps),
      losses_(at::zeros({timesteps, kRemembered}, at::TensorOptions(at::kDouble).device(device))),
      counts_(at::zeros({timesteps}, at::TensorOptions(at::kLong).device(device))) {}

WeighedTimes LossHistory::draw(std::int64_t n, const Noise& noise,
                               const torch::TensorOptions& options) const {
  const auto u = noise.uniform({n}, options.dtype(at::kDouble));
  const auto one = [](const std::vector<Tensor>& of) {
    return drawn_by(on_cpu(of[0]), on_cpu(of[1]), on_cpu(of[2]));
  };
  const auto drawn = is_batched_over_seeds(u) ? for_each_seed({losses_, counts_, u}, one)
                                              : one({losses_, counts_, u});
  return {.t = drawn[0].to(u.device()) / static_cast<double>(timesteps_),
          .weight = drawn[1].to(u.device()).to(at::kFloat)};
}

void LossHistory::add(const torch::Tensor& t, const torch::Tensor& losses) {
  const torch::NoGradGuard no_grad;
  const auto i = (t * static_cast<double>(timesteps_)).round().to(at::kLong);
  const auto one = [](const std::vector<Tensor>& of) {
    // Those on the CPU are the state itself.
    const auto history = on_cpu(of[0]), counts = on_cpu(of[1]);
    remember(history, counts, on_cpu(of[2]), on_cpu(of[3]).to(at::kDouble));
    of[0].copy_(history);
    of[1].copy_(counts);
    return of[1];
  };
  const std::vector<Tensor> all = {losses_, counts_, i, losses.detach()};
  is_batched_over_seeds(losses) ? for_each_seed(all, one) : one(all);
}

void LossHistory::visit_state(StateVisitor& visitor, const std::string& prefix) {
  visitor.tensor(prefix + ".losses", losses_, StateKind::kBuffer);
  visitor.tensor(prefix + ".counts", counts_, StateKind::kBuffer);
}

}  // namespace assay
