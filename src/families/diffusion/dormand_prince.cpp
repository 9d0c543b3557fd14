// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/dormand_prince.h"

#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "families/diffusion/along.h"

namespace assay {
namespace {

using torch::Tensor;

// Table 2: seven slopes, of which the last is the next step's first, and the differences of the
// fifth-order weights from the fourth-order ones.
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
constexpr double kArrived = 1e-12;

struct Attempt {
  Tensor x, slope, error;
};

// One step of signed length h, and its error over what is tolerated.
Attempt attempt(const Slope& slope, double tolerance, const Tensor& x, const Tensor& t,
                const Tensor& h, const Tensor& first, const Tensor& index) {
  const auto length = along(h, x).to(x.scalar_type());
  std::vector<Tensor> slopes = {first};
  Tensor next;
  for (std::size_t stage = 1; stage < kStages; ++stage) {
    auto sum = kRows[stage][0] * slopes[0];
    for (std::size_t j = 1; j < stage; ++j) sum = sum + kRows[stage][j] * slopes[j];
    next = x + length * sum;
    slopes.push_back(slope(next, t + kNodes[stage] * h, index));
  }
  auto off = kErrorRow[0] * slopes[0];
  for (std::size_t j = 1; j < kStages; ++j) off = off + kErrorRow[j] * slopes[j];
  const auto allowed = tolerance * (1.0 + at::maximum(x.abs(), next.abs()));
  const auto error = (length * off / allowed).flatten(1).square().mean(1).sqrt();
  return {next, slopes.back(), error.to(at::kDouble).clamp_min(1e-10)};
}

}  // namespace

torch::Tensor solve_ode(const Slope& slope, const torch::Tensor& start, double from, double to,
                        double tolerance) {
  const double sign = to < from ? -1.0 : 1.0;
  auto result = start.clone();
  auto x = start;
  auto index = at::arange(x.size(0), x.options().dtype(at::kLong));
  auto t = at::full({x.size(0)}, from, x.options().dtype(at::kDouble));
  auto h = at::full_like(t, kFirstStep * sign * (to - from));
  auto first = slope(x, t, index);
  while (x.size(0) > 0) {
    h = at::minimum(h, sign * (to - t));
    const auto [next, last, error] = attempt(slope, tolerance, x, t, sign * h, first, index);
    TORCH_CHECK(at::isfinite(error).all().item<bool>(), "the ODE's solution is not finite");
    const auto accepted = error <= 1.0;
    x = at::where(along(accepted, x), next, x);
    first = at::where(along(accepted, x), last, first);
    t = at::where(accepted, t + sign * h, t);
    h = h * (kSafety * error.pow(-0.2)).clamp(kLeastFactor, kLargestFactor);
    const auto open = sign * (to - t) > kArrived, done = open.logical_not();
    result.index_copy_(0, index.index({done}), x.index({done}));
    x = x.index({open}), first = first.index({open}), t = t.index({open}), h = h.index({open});
    index = index.index({open});
  }
  return result;
}

}  // namespace assay
