// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/frechet_variants.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "metrics/features/frechet.h"

namespace assay {
namespace {

using RowsOfClass = std::map<std::int64_t, std::vector<std::int64_t>>;

RowsOfClass rows_of_class(const at::Tensor& labels) {
  const auto contiguous = labels.to(at::kCPU, at::kLong).contiguous();
  const auto* label = contiguous.const_data_ptr<std::int64_t>();
  RowsOfClass rows;
  for (std::int64_t i = 0; i < contiguous.size(0); ++i) rows[label[i]].push_back(i);
  return rows;
}

// Throws if a class of either side has fewer than two rows on the other.
void check_classes(const RowsOfClass& generated, const RowsOfClass& reference) {
  std::vector<std::int64_t> thin;
  const auto count = [](const RowsOfClass& rows, std::int64_t label) {
    const auto found = rows.find(label);
    return found == rows.end() ? 0 : found->second.size();
  };
  RowsOfClass all = generated;
  all.insert(reference.begin(), reference.end());
  for (const auto& [label, rows] : all) {
    if (count(generated, label) < 2 || count(reference, label) < 2) thin.push_back(label);
  }
  if (thin.empty()) return;
  const auto first = thin.front();
  throw Error(
      fmt::format("intra_fd: {} of {} classes have fewer than two rows on one side: {} (class {}: "
                  "{} generated, "
                  "{} reference); draw more samples or take the classes out of both sides",
                  thin.size(), all.size(), fmt::join(thin, ", "), first, count(generated, first),
                  count(reference, first)));
}

at::Tensor part(const at::Tensor& rows, const std::vector<std::int64_t>& indices) {
  return rows.index_select(0, at::tensor(indices, at::kLong));
}

void check_labels(const at::Tensor& labels, const at::Tensor& rows, std::string_view input) {
  if (!labels.defined()) {
    throw Error(fmt::format(
        "intra_fd: the {} input has no labels; this metric is for class-conditional models",
        input));
  }
  if (labels.dim() != 1 || labels.size(0) != rows.size(0)) {
    throw Error(fmt::format("intra_fd: {} labels for {} rows of the {} input", labels.numel(),
                            rows.size(0), input));
  }
}

}  // namespace

MetricValue compute_sfd(const MetricInputs& inputs) {
  const auto generated =
      checked_rows(inputs.features.generated_spatial, {"sfd", "generated spatial"});
  const auto reference =
      checked_rows(inputs.features.reference_spatial, {"sfd", "reference spatial"});
  if (generated.size(1) != reference.size(1)) {
    throw Error(
        fmt::format("sfd: the generated features have {} columns, the reference {}; both "
                    "must come from one extractor",
                    generated.size(1), reference.size(1)));
  }
  const Mean distance = frechet_distance(generated, reference);
  return scored(inputs, distance,
                {.metric = "sfd",
                 .estimator = "covariance/(n-1), nuclear norm, f64",
                 .n_generated = generated.size(0),
                 .n_real = reference.size(0),
                 .settings = {{"spatial_features", std::to_string(generated.size(1))}}});
}

Mean intra_class_distance(const at::Tensor& generated, const at::Tensor& generated_labels,
                          const at::Tensor& reference, const at::Tensor& reference_labels) {
  const auto of_generated = rows_of_class(generated_labels);
  const auto of_reference = rows_of_class(reference_labels);
  check_classes(of_generated, of_reference);
  Mean mean;
  double variance = 0.0;
  for (const auto& [label, rows] : of_generated) {
    const Mean distance =
        frechet_distance(part(generated, rows), part(reference, of_reference.at(label)));
    mean.value += distance.value;
    variance += distance.standard_error * distance.standard_error;
  }
  const auto classes = static_cast<double>(of_generated.size());
  mean.value /= classes;
  mean.standard_error = std::sqrt(variance) / classes;
  return mean;
}

MetricValue compute_intra_fd(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "intra_fd");
  check_labels(inputs.labels.generated, features.generated, "generated");
  check_labels(inputs.labels.reference, features.reference, "reference");
  const Mean distance = intra_class_distance(features.generated, inputs.labels.generated,
                                             features.reference, inputs.labels.reference);
  const auto classes = rows_of_class(inputs.labels.generated).size();
  return scored(inputs, distance,
                {.metric = "intra_fd",
                 .estimator = "mean over classes, covariance/(n-1), f64",
                 .n_generated = features.generated.size(0),
                 .n_real = features.reference.size(0),
                 .settings = {{"classes", std::to_string(classes)}}});
}

}  // namespace assay
