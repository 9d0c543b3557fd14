// SPDX-License-Identifier: Apache-2.0
// Solvers of the probability-flow ODE in the process's own time (Song et al. 2021, eq. 13), which
// are those of flow matching on its paths.
#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

using torch::Tensor;

// The last step ends at the estimate, which on straight paths is where Euler's leads.
Tensor euler(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  return state.x + (state.s - state.t) * slope_from_x0(state.x, x0, state.step.from);
}

// The slope in the middle of the step, where half of Euler's leads.
Tensor midpoint(SamplerState& state, const SamplerSettings&) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  const double length = state.s - state.t, middle = 0.5 * (state.t + state.s);
  const auto x = state.x + 0.5 * length * slope_from_x0(state.x, x0, state.step.from);
  return state.x +
         length * slope_from_x0(x, state.denoise(x, middle).x0, state.process->at(middle));
}

// Dormand & Prince 1980, table 2: seven slopes, of which the last is the next step's first, and the
// differences of the fifth-order weights from the fourth-order ones.
constexpr int kStages = 7;
constexpr std::array<double, kStages> kNodes = {0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0, 1.0};
constexpr std::array<std::array<double, kStages - 1>, kStages> kRows = {{
    {},
    {0.2},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0.0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}};
constexpr std::array<double, kStages> kErrorRow = {
    71.0 / 57600, 0.0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};
constexpr double kSafety = 0.9, kLeastFactor = 0.2, kLargestFactor = 10.0, kFirstStep = 0.01;

// Adaptive steps of each example's own: none depends on what it is solved with.
class DormandPrince {
 public:
  DormandPrince(const Process& process, const Denoiser& denoiser, const Condition& condition,
                double tolerance)
      : process_(process), denoiser_(denoiser), condition_(condition), tolerance_(tolerance) {}

  Tensor solve(const Tensor& x_T) {
    auto result = x_T.clone();
    auto x = x_T;
    auto index = at::arange(x.size(0), x.options().dtype(at::kLong));
    auto t = at::full({x.size(0)}, process_.first_time(), x.options().dtype(at::kDouble));
    auto h = at::full_like(t, kFirstStep * (process_.first_time() - process_.last_time()));
    auto slope = slope_at(x, t, index);
    while (x.size(0) > 0) {
      h = at::minimum(h, t - process_.last_time());
      const auto [next, last_slope, error] = attempt(x, t, h, slope, index);
      const auto accepted = error <= 1.0;
      x = at::where(along(accepted, x), next, x);
      slope = at::where(along(accepted, x), last_slope, slope);
      t = at::where(accepted, t - h, t);
      h = h * (kSafety * error.pow(-0.2)).clamp(kLeastFactor, kLargestFactor);
      TORCH_CHECK(at::isfinite(error).all().item<bool>(), "the ODE's solution is not finite");
      const auto open = t > process_.last_time() + kEnd;
      const auto done = open.logical_not();
      result.index_copy_(0, index.index({done}), x.index({done}));
      x = x.index({open}), slope = slope.index({open}), t = t.index({open}), h = h.index({open});
      index = index.index({open});
    }
    const auto end = at::scalar_tensor(process_.last_time(), at::kDouble);
    return denoiser_(result, end, condition_).x0;
  }

 private:
  static constexpr double kEnd = 1e-12;

  struct Attempt {
    Tensor x, slope, error;
  };

  static Tensor along(const Tensor& of_examples, const Tensor& x) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
    shape[0] = of_examples.size(0);
    return of_examples.view(shape);
  }

  Condition condition_of(const Tensor& index) const {
    if (!condition_.labels.defined()) return {};
    return {.labels = condition_.labels.index_select(0, index)};
  }

  Tensor slope_at(const Tensor& x, const Tensor& t, const Tensor& index) const {
    const auto level = process_.at(t);
    const auto of = [&](const Tensor& value) { return along(value, x).to(x.scalar_type()); };
    const auto x0 = denoiser_(x, t, condition_of(index)).x0;
    const auto eps = (x - of(level.signal) * x0) / of(level.noise);
    return of(level.signal_slope) * x0 + of(level.noise_slope) * eps;
  }

  // One step downwards in t, and the root of its mean squared error over what is tolerated.
  Attempt attempt(const Tensor& x, const Tensor& t, const Tensor& h, const Tensor& first,
                  const Tensor& index) const {
    const auto length = along(h, x).to(x.scalar_type());
    std::vector<Tensor> slopes = {first};
    Tensor next;
    for (std::size_t stage = 1; stage < kStages; ++stage) {
      auto sum = kRows[stage][0] * slopes[0];
      for (std::size_t j = 1; j < stage; ++j) sum = sum + kRows[stage][j] * slopes[j];
      next = x - length * sum;
      slopes.push_back(slope_at(next, t - kNodes[stage] * h, index));
    }
    auto off = kErrorRow[0] * slopes[0];
    for (std::size_t j = 1; j < kStages; ++j) off = off + kErrorRow[j] * slopes[j];
    const auto allowed = tolerance_ * (1.0 + at::maximum(x.abs(), next.abs()));
    const auto error = (length * off / allowed).flatten(1).square().mean(1).sqrt();
    return {next, slopes.back(), error.to(at::kDouble).clamp_min(1e-10)};
  }

  const Process& process_;
  const Denoiser& denoiser_;
  const Condition& condition_;
  double tolerance_;
};

Tensor dormand_prince(const Tensor& x, const Process& process, const Denoiser& denoiser,
                      const Condition& condition, double tolerance) {
  return DormandPrince(process, denoiser, condition, tolerance).solve(x);
}

}  // namespace

Sampler euler_sampler() {
  return {.paper = "Lipman et al. 2023, sec. 6", .step = euler, .continuous_only = true};
}

Sampler midpoint_sampler() {
  return {.paper = "Lipman et al. 2023, sec. 6", .step = midpoint, .continuous_only = true};
}

Sampler dopri5_sampler() {
  return {.paper = "Dormand & Prince 1980; Song et al. 2021, sec. 4.3",
          .continuous_only = true,
          .solve = dormand_prince};
}

}  // namespace assay
