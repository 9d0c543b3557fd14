// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/ode_nll.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "metrics/inputs.h"
#include "metrics/likelihood/dimensions.h"

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

at::Tensor ode_nll_of_examples(const MetricInputs& inputs) {
  return -checked_values(inputs.likelihoods.densities, {"ode_nll", "logarithm of a density"});
}

MetricValue compute_ode_nll(const MetricInputs& inputs) {
  return value_of(inputs, "ode_nll", 1.0, {});
}

MetricValue compute_ode_bits_per_dim(const MetricInputs& inputs) {
  return value_of(inputs, "ode_bits_per_dim",
                  nats_of_a_bit_per_dimension(inputs, "ode_bits_per_dim"),
                  {{"dimensions", std::to_string(inputs.likelihoods.dimensions)}});
}

}  // namespace assay
