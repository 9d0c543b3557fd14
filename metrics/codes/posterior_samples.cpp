// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/posterior_samples.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

constexpr double kLargestLogvar = 600.0;

}  // namespace

GaussianPosteriors checked_posteriors(const MetricInputs& inputs, std::string_view metric) {
  const auto mu = checked_rows(inputs.codes.means, {metric, "code"});
  const auto logvar = checked_rows(inputs.codes.logvar, {metric, "posterior log-variance"});
  if (logvar.sizes() != mu.sizes()) {
    throw Error(
        fmt::format("{}: the codes are {}, their log-variances {}; each posterior mean "
                    "needs its own",
                    metric, c10::str(mu.sizes()), c10::str(logvar.sizes())));
  }
  const auto extreme = logvar.abs().amax(1);
  if (extreme.max().item<double>() > kLargestLogvar) {
    const auto row = extreme.argmax().item<std::int64_t>();
    throw Error(
        fmt::format("{}: row {} has a log-variance of {} beyond ±{}, whose density is no number; "
                    "give logarithms of variances",
                    metric, row, logvar[row].abs().max().item<double>(), kLargestLogvar));
  }
  return {mu, logvar};
}

PosteriorSamples draw_posterior_samples(const GaussianPosteriors& posteriors, std::int64_t count,
                                        std::uint64_t seed) {
  const auto& mu = posteriors.mu;
  RandomStream random(seed);
  const auto rows = at::tensor(random.choice(mu.size(0), std::min(count, mu.size(0))), at::kLong);
  auto z = at::empty({rows.size(0), mu.size(1)}, at::kDouble);
  std::generate_n(z.mutable_data_ptr<double>(), z.numel(), [&] { return random.normal(); });
  z.mul_((0.5 * posteriors.logvar.index_select(0, rows)).exp()).add_(mu.index_select(0, rows));
  return {posteriors, rows, z};
}

PosteriorDensities::PosteriorDensities(const GaussianPosteriors& posteriors)
    : mu_(posteriors.mu.t().contiguous()) {
  const auto logvar = posteriors.logvar.t().contiguous();
  minus_half_precision_ = -0.5 * (-logvar).exp();
  half_logvar_ = 0.5 * logvar;
}

at::Tensor PosteriorDensities::log_densities(const at::Tensor& z, std::int64_t begin,
                                             std::int64_t end) const {
  const auto part = [&](const at::Tensor& all) { return all.slice(1, begin, end); };
  return (z - part(mu_)).square_().mul_(part(minus_half_precision_)).sub_(part(half_logvar_));
}

}  // namespace assay
