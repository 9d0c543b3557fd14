// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/ode_nll.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numbers>
#include <string>

#include "core/error.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

MetricValue value_of(const MetricInputs& inputs, std::string_view metric, double unit,
                     Protocol settings) {
  const auto densities =
      checked_values(inputs.likelihoods.densities, {metric, "logarithm of a density"});
  const Mean nll = mean_of(-densities);
  settings["tolerance"] = fmt::format("{}", option(inputs, "ode_nll.tolerance"));
  return scored(inputs, {nll.value / unit, nll.standard_error / unit},
                {.metric = metric,
                 .estimator = "probability-flow ODE, Dormand-Prince 5(4), f64",
                 .n_real = densities.size(0),
                 .settings = std::move(settings)});
}

}  // namespace

MetricValue compute_ode_nll(const MetricInputs& inputs) {
  return value_of(inputs, "ode_nll", 1.0, {});
}

MetricValue compute_ode_bits_per_dim(const MetricInputs& inputs) {
  const auto dimensions = inputs.likelihoods.dimensions;
  if (dimensions < 1) {
    throw Error(
        fmt::format("ode_bits_per_dim: data of {} dimensions; the evaluator must say how many "
                    "numbers an example holds",
                    dimensions));
  }
  return value_of(inputs, "ode_bits_per_dim", static_cast<double>(dimensions) * std::numbers::ln2,
                  {{"dimensions", std::to_string(dimensions)}});
}

}  // namespace assay
