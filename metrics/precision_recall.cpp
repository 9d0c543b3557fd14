// SPDX-License-Identifier: Apache-2.0
#include "metrics/precision_recall.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/neighbours.h"

namespace assay {
namespace {

void check_k(std::int64_t k, const at::Tensor& rows, const InputName& name) {
  if (k >= 1 && k < rows.size(0)) return;
  throw Error(
      fmt::format("{}: k = {} neighbours, but the {} input holds {} rows; k must be 1 to {}",
                  name.metric, k, name.input, rows.size(0), rows.size(0) - 1));
}

MetricValue value_of(const MetricInputs& inputs, std::string_view name, const FeaturePair& features,
                     bool precision) {
  const auto& queries = precision ? features.generated : features.reference;
  const auto& manifold = precision ? features.reference : features.generated;
  check_k(inputs.k, manifold, {name, precision ? "reference" : "generated"});
  const double share = share_on_manifold(queries, manifold, inputs.k);
  auto protocol = protocol_of(inputs, name, "k-th other neighbour, closed balls, f64");
  protocol["k"] = std::to_string(inputs.k);
  protocol["n_generated"] = std::to_string(features.generated.size(0));
  protocol["n_real"] = std::to_string(features.reference.size(0));
  return {std::string(name), share, binomial_standard_error(share, queries.size(0)), protocol};
}

}  // namespace

double share_on_manifold(const at::Tensor& queries, const at::Tensor& manifold, std::int64_t k) {
  const auto inside = inside_any_ball(queries, manifold, kth_neighbour_squared(manifold, k));
  return static_cast<double>(inside.sum().item<std::int64_t>()) /
         static_cast<double>(queries.size(0));
}

MetricValue compute_precision(const MetricInputs& inputs) {
  return value_of(inputs, "precision", checked_features(inputs, "precision"), true);
}

MetricValue compute_recall(const MetricInputs& inputs) {
  return value_of(inputs, "recall", checked_features(inputs, "recall"), false);
}

}  // namespace assay
