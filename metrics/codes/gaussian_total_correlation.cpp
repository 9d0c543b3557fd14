// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>
#include <string>
#include <tuple>

#include "core/error.h"
#include "metrics/codes/codes.h"
#include "metrics/codes/total_correlation.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kName = "gaussian_total_correlation";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Codes that change, with mean 0 and variance 1 (÷N), and the Cholesky factor of their
// correlations: undefined if these are singular.
struct Standardised {
  at::Tensor codes, factor;
};

Standardised standardised(const at::Tensor& codes) {
  const auto centred = codes - codes.mean(0);
  const auto deviations = centred.square().mean(0).sqrt();
  const auto changing = (codes != codes[0]).any(0).nonzero().squeeze(1);
  Standardised result{(centred / deviations).index_select(1, changing), {}};
  if (changing.numel() == 0) return result;
  const auto correlations = result.codes.t().matmul(result.codes) / result.codes.size(0);
  const auto [factor, info] = at::linalg_cholesky_ex(correlations);
  // Of a code that follows from others, only rounding is left on the diagonal.
  const double rounding = 32.0 * std::numeric_limits<double>::epsilon();
  const auto codes_kept = static_cast<double>(changing.numel());
  const bool regular = info.item<int>() == 0 &&
                       factor.diagonal().square().min().item<double>() > rounding * codes_kept;
  if (regular) result.factor = factor;
  return result;
}

// −½ log det of the correlations is ½ (Σ log C_ll − log det C).
double value_of(const Standardised& given) {
  if (given.codes.size(1) == 0) return 0.0;
  return given.factor.defined() ? -given.factor.diagonal().log().sum().item<double>() : kInfinity;
}

// sd/√N of the influence ½ Σ_l y_l² − ½ yᵀR⁻¹y of a row y, R the correlations.
double standard_error_of(const Standardised& given) {
  if (given.codes.size(1) == 0) return 0.0;
  if (!given.factor.defined()) return std::numeric_limits<double>::quiet_NaN();
  const auto white =
      at::linalg_solve_triangular(given.factor, given.codes.t(), /*upper=*/false).t();
  return mean_of(0.5 * (given.codes.square().sum(1) - white.square().sum(1))).standard_error;
}

}  // namespace

double gaussian_total_correlation(const at::Tensor& codes) {
  double value = 0.0;
  run_serial([&] { value = value_of(standardised(codes)); });
  return value;
}

MetricValue compute_gaussian_total_correlation(const MetricInputs& inputs) {
  const auto codes = checked_rows(inputs.codes.means, {kName, "code"});
  if (codes.size(1) < 2) {
    throw Error(fmt::format("{}: there is one code only; needs 2 to depend on each other", kName));
  }
  Mean found;
  run_serial([&] {
    const Standardised given = standardised(codes);
    found = {value_of(given), standard_error_of(given)};
  });
  return scored(inputs, found,
                {.metric = kName,
                 .estimator = "Gaussian with the covariance of code means",
                 .n_real = codes.size(0)});
}

}  // namespace assay
