// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/linear_probe_error.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/learners/logistic_regression.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kName = "linear_probe_error";
// Where scikit-learn stops by default.
constexpr double kTolerance = 1e-4;

LabelledCodes checked(const at::Tensor& codes, const at::Tensor& labels, std::string_view side) {
  const auto rows = checked_rows(codes, {kName, side});
  if (!labels.defined() || labels.dim() != 1 || labels.size(0) != rows.size(0) ||
      labels.scalar_type() != at::kLong) {
    throw Error(
        fmt::format("{}: the {} have no class each; this data set has no labels", kName, side));
  }
  return {rows, labels};
}

}  // namespace

double linear_probe_error(const LabelledCodes& train, const LabelledCodes& test) {
  TORCH_CHECK(
      train.codes.dim() == 2 && test.codes.dim() == 2 && train.codes.size(1) == test.codes.size(1),
      "linear_probe_error: codes ", train.codes.sizes(), " and ", test.codes.sizes());
  at::Tensor mean, deviation;
  run_serial([&] {
    mean = train.codes.mean(0);
    deviation = train.codes.std(0, /*unbiased=*/false);
    deviation.masked_fill_(deviation == 0.0, 1.0);
  });
  const auto classifier =
      fit_logistic_by_lbfgs((train.codes - mean) / deviation, train.labels, kTolerance);
  const auto told = predict(classifier, (test.codes - mean) / deviation);
  const auto wrong = (told != test.labels).sum().item<std::int64_t>();
  return static_cast<double>(wrong) / static_cast<double>(told.size(0));
}

MetricValue compute_linear_probe_error(const MetricInputs& inputs) {
  const auto train = checked(inputs.codes.training, inputs.labels.training, "training codes");
  const auto test = checked(inputs.codes.means, inputs.labels.reference, "test codes");
  const double error = linear_probe_error(train, test);
  return scored(
      inputs, {error, binomial_standard_error(error, test.codes.size(0))},
      {.metric = kName,
       .estimator = "multinomial logistic regression, C 1, on standardised training codes",
       .n_real = test.codes.size(0),
       .settings = {{"n_train", std::to_string(train.codes.size(0))}}});
}

}  // namespace assay
