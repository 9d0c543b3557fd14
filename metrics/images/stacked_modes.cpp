// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/stacked_modes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <string>

#include "core/error.h"
#include "metrics/extractors/extractor.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

constexpr std::string_view kClassifier = "fmnist-cnn";
constexpr std::int64_t kClasses = 10, kMostChannels = 3;

StackedModesMemo classified(const at::Tensor& images) {
  const auto extractor = make_extractor(kClassifier);
  const auto logits =
      extractor->extract(images.reshape({-1, 1, images.size(2), images.size(3)})).logits;
  const auto classes = logits.argmax(1).reshape({-1, images.size(1)});
  return {images, stacked_histogram(classes, kClasses), extractor->protocol()};
}

// The evaluation's classes if they are of these images, else fresh ones.
std::shared_ptr<StackedModesMemo> classified_once(const MetricInputs& inputs) {
  const auto memo = inputs.stacked ? inputs.stacked : std::make_shared<StackedModesMemo>();
  const auto& images = inputs.images.generated;
  if (!memo->images.is_same(images)) *memo = classified(images);
  return memo;
}

MetricValue value_of(const MetricInputs& inputs, std::string_view metric,
                     double (*statistic)(const ModeHistogram&)) {
  const auto& images = inputs.images.generated;
  if (!images.defined() || images.dim() != 4 || images.size(0) < 2 ||
      images.size(1) > kMostChannels || images.size(2) != kStackedSide ||
      images.size(3) != kStackedSide) {
    throw Error(fmt::format(
        "{}: the generated images are {}; needs two or more of 28x28 pixels whose one to three "
        "channels are pictures of Fashion-MNIST",
        metric, images.defined() ? c10::str(images.sizes()) : "absent"));
  }
  const auto memo = classified_once(inputs);
  const ModeHistogram& histogram = memo->histogram;
  Protocol settings = memo->classifier;
  settings["n_modes"] = std::to_string(histogram.high_quality.size());
  return scored(inputs, {statistic(histogram), bootstrap_standard_error(histogram, statistic)},
                {.metric = metric,
                 .estimator = "class of each channel",
                 .n_generated = histogram.points,
                 .settings = settings});
}

}  // namespace

ModeHistogram stacked_histogram(const at::Tensor& classes, std::int64_t count) {
  TORCH_CHECK(classes.dim() == 2 && classes.scalar_type() == at::kLong,
              "stacked_histogram: classes ", classes.sizes());
  auto mode = at::zeros({classes.size(0)}, at::kLong);
  std::int64_t modes = 1;
  for (std::int64_t channel = 0; channel < classes.size(1); ++channel) {
    mode = mode * count + classes.select(1, channel);
    modes *= count;
  }
  const auto counts = at::bincount(mode, {}, modes).contiguous();
  const auto* first = counts.const_data_ptr<std::int64_t>();
  return {{first, first + modes}, classes.size(0)};
}

MetricValue compute_stacked_modes_covered(const MetricInputs& inputs) {
  return value_of(inputs, "stacked_modes_covered", modes_covered);
}

MetricValue compute_stacked_reverse_kl(const MetricInputs& inputs) {
  return value_of(inputs, "stacked_reverse_kl", reverse_kl);
}

}  // namespace assay
