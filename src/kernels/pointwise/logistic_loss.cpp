// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/logistic_loss.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "kernels/pointwise/bernoulli_kernels.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const BernoulliKernels* kernels() { return bernoulli_kernels(vector_unit()); }

// Of all logits, or of S seeds' logits [S,…] each seed's.
struct MeanLoss : torch::autograd::Function<MeanLoss> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& logits, bool truth,
                            bool of_seeds) {
    context->save_for_backward({logits});
    context->saved_data["truth"] = truth;
    auto means =
        of_seeds ? at::empty({logits.size(0)}, logits.options()) : at::empty({}, logits.options());
    const std::int64_t count = logits.numel() / means.numel();
    const float* from = logits.const_data_ptr<float>();
    float* mean = means.data_ptr<float>();
    for (std::int64_t s = 0; s < means.numel(); ++s, from += count) {
      mean[s] = kernels()->sum_of_all(truth, from, count) / static_cast<float>(count);
    }
    return means;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto logits = context->get_saved_variables()[0];
    const bool truth = context->saved_data["truth"].toBool();
    const auto by_mean = gradients[0].contiguous();
    const std::int64_t count = logits.numel() / by_mean.numel();
    if (at::GradMode::is_enabled()) {
      auto sizes = std::vector<std::int64_t>(static_cast<std::size_t>(logits.dim()), 1);
      if (by_mean.dim() == 1) sizes[0] = by_mean.size(0);
      return {by_mean.view(sizes) / count * (logits.sigmoid() - (truth ? 1.0 : 0.0)), {}, {}};
    }
    auto by_logits = at::empty_like(logits);
    const float *factor = by_mean.const_data_ptr<float>(), *from = logits.const_data_ptr<float>();
    float* to = by_logits.data_ptr<float>();
    for (std::int64_t s = 0; s < by_mean.numel(); ++s, from += count, to += count) {
      kernels()->gradient_of_all(truth, from, count, factor[s] / static_cast<float>(count), to);
    }
    return {by_logits, {}, {}};
  }
};

// Logits of one seed or of several.
struct Logits {
  at::Tensor all;
  bool batched;

  explicit Logits(const at::Tensor& logits)
      : all(is_batched_over_seeds(logits) ? stack_over_seeds(logits) : logits),
        batched(is_batched_over_seeds(logits)) {}
  bool suit() const { return is_f32_on_cpu(all) && all.numel() > 0; }
};

}  // namespace

at::Tensor logistic_loss(const at::Tensor& logits, bool truth) {
  const Logits seen(logits);
  // LibTorch lets nodes of our own into no batch, not even for what is the same for all seeds.
  const bool shared = seeds_in_batch() > 0 && !seen.batched;
  if (shared || !seen.suit() || kernels() == nullptr) {
    return at::softplus(truth ? -logits : logits).mean();
  }
  if (!seen.batched) return MeanLoss::apply(seen.all.contiguous(), truth, /*of_seeds=*/false);
  const OutsideSeedBatch stacks;
  return batch_over_seeds(MeanLoss::apply(seen.all.contiguous(), truth, /*of_seeds=*/true));
}

at::Tensor logistic_accuracy(const at::Tensor& logits, bool truth, double boundary) {
  const Logits seen(logits.detach());
  if (!seen.suit()) return (truth ? logits > boundary : logits <= boundary).to(at::kFloat).mean();
  const auto stack = seen.all.contiguous();
  const std::int64_t seeds = seen.batched ? stack.size(0) : 1, count = stack.numel() / seeds;
  auto shares = at::empty({seeds}, stack.options());
  const auto limit = static_cast<float>(boundary);
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    const float* first = stack.const_data_ptr<float>() + seed * count;
    const auto right = std::count_if(
        first, first + count, [&](float logit) { return truth ? logit > limit : logit <= limit; });
    shares.data_ptr<float>()[seed] = static_cast<float>(right) / static_cast<float>(count);
  }
  return seen.batched ? batch_over_seeds(shares) : shares.squeeze(0);
}

}  // namespace assay
