// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/accuracy.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

// Share of labels [N] that are the first largest of logits [N,K].
Mean top_one(const at::Tensor& logits, const at::Tensor& labels) {
  const double share = logits.argmax(1).eq(labels).to(at::kDouble).mean().item<double>();
  return {share, binomial_standard_error(share, logits.size(0))};
}

}  // namespace

MetricValue compute_accuracy(const MetricInputs& inputs) {
  const auto logits = checked_rows(inputs.labels.class_logits, {"accuracy", "logits"});
  const auto& labels = inputs.labels.reference;
  if (!labels.defined() || labels.dim() != 1 || labels.size(0) != logits.size(0)) {
    throw Error(
        fmt::format("accuracy: {} rows of logits need as many labels; this data set has "
                    "none or another number",
                    logits.size(0)));
  }
  return scored(inputs, top_one(logits, labels),
                {.metric = "accuracy", .estimator = "top 1", .n_real = logits.size(0)});
}

MetricValue compute_class_accuracy(const MetricInputs& inputs) {
  const auto logits = checked_rows(inputs.features.logits, {"class_accuracy", "logits"});
  const auto& labels = inputs.labels.generated;
  if (!labels.defined() || labels.dim() != 1 || labels.size(0) != logits.size(0)) {
    throw Error(fmt::format(
        "class_accuracy: {} generated images need as many labels, of the class that each was "
        "asked for; there are none or another number",
        logits.size(0)));
  }
  const auto largest = labels.max().item<std::int64_t>();
  if (largest >= logits.size(1)) {
    throw Error(fmt::format(
        "class_accuracy: images of class {} are asked for, and the extractor's classifier knows "
        "{} classes; take an extractor that was trained on this data set's",
        largest, logits.size(1)));
  }
  return scored(inputs, top_one(logits, labels),
                {.metric = "class_accuracy", .estimator = "top 1", .n_generated = logits.size(0)});
}

}  // namespace assay
