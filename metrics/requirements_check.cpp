// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

using std::int64_t;

// Compares what a metric needs with what there will be.
class Check {
 public:
  Check(const Metric& metric, const MetricInputs& settings, const EvaluationSizes& sizes)
      : metric_(metric), least_(requirements_of(metric, settings)), sizes_(sizes) {}

  void all() const {
    examples();
    rows("generated", least_.generated, sizes_.generated);
    rows("reference", least_.reference, sizes_.reference);
    rows("held-out", least_.held_out, sizes_.held_out);
    rows("training", least_.training, sizes_.training);
    extractor();
    classes();
    codes();
    factors();
  }

 private:
  template <class... Values>
  [[noreturn]] void refuse(fmt::format_string<Values...> text, Values&&... values) const {
    throw Error(
        fmt::format("{}: {}", metric_.name, fmt::format(text, std::forward<Values>(values)...)));
  }

  void rows(std::string_view which, int64_t least, std::optional<int64_t> there) const {
    if (!there || *there >= least) return;
    refuse("needs {} or more {} rows{}, and there are {}", least, which,
           least_.because.empty() ? "" : fmt::format(" ({})", least_.because), *there);
  }

  void examples() const {
    if (!sizes_.example_shape) return;
    const auto& shape = *sizes_.example_shape;
    const bool points = shape.size() == 1;
    if (least_.points && !points) refuse("is of points, and the data set holds images");
    if ((least_.images || least_.side > 0) && points) refuse("is of images, and these are points");
    if (least_.side == 0 || std::min(shape.at(1), shape.at(2)) >= least_.side) return;
    refuse("needs images with both sides of {} pixels or more, not {}×{}", least_.side, shape[1],
           shape[2]);
  }

  void extractor() const {
    if (least_.logits && !sizes_.logits.value_or(true)) {
      refuse("needs class logits, which the extractor does not give; take one that classifies");
    }
    if (least_.spatial && !sizes_.spatial.value_or(true)) {
      refuse("needs spatial features, which the extractor does not give; take inception-v3");
    }
  }

  void classes() const {
    if (!least_.labels) return;
    const auto& real = sizes_.reference_classes;
    const auto& generated = sizes_.generated_classes;
    if (real && real->empty()) refuse("needs labels, and the reference has none");
    if (least_.training_labels && !sizes_.training_labels.value_or(true)) {
      refuse("needs labels, and the training data have none");
    }
    if (least_.generated == 0 || !real || !generated) return;
    if (generated->empty()) refuse("needs labels, and the generated rows have none");
    const auto different = static_cast<int64_t>(generated->size());
    if (different < least_.generated_classes) {
      refuse("needs generated rows of {} classes, and there is one", least_.generated_classes);
    }
    // A classifier has an output for each label up to the highest.
    const int64_t highest = std::max(real->rbegin()->first, generated->rbegin()->first);
    if (least_.generated_classes > 0 && sizes_.generated && *sizes_.generated <= highest) {
      refuse("labels reach to {}, and there are only {} generated rows", highest,
             *sizes_.generated);
    }
    RowsOfEach all = *generated;
    all.insert(real->begin(), real->end());
    for (const auto& [label, ignored] : all) thin_class(label, *generated, *real);
  }

  void thin_class(int64_t label, const RowsOfEach& generated, const RowsOfEach& real) const {
    const auto count = [&](const RowsOfEach& rows) {
      const auto found = rows.find(label);
      return found == rows.end() ? 0 : found->second;
    };
    if (std::min(count(generated), count(real)) >= least_.rows_of_class) return;
    refuse(
        "needs {} rows of each class on both sides, and there are {} generated and {} of the "
        "reference of class {}",
        least_.rows_of_class, count(generated), count(real), label);
  }

  void codes() const {
    if (!sizes_.codes) return;
    if (*sizes_.codes < least_.codes) {
      refuse("needs codes of {} numbers or more, not {}", least_.codes, *sizes_.codes);
    }
    if (least_.more_rows_than_codes) rows("reference", *sizes_.codes + 1, sizes_.reference);
  }

  void factors() const {
    if (!sizes_.factors || least_.factors == 0) return;
    const auto there = static_cast<int64_t>(sizes_.factors->size());
    if (there < least_.factors) {
      refuse("needs {} factors behind the images, and there {} {}", least_.factors,
             there == 1 ? "is" : "are", there);
    }
    for (int64_t factor = 0; factor < there; ++factor) {
      const RowsOfEach& values = (*sizes_.factors)[static_cast<std::size_t>(factor)];
      if (values.size() < 2) {
        refuse("factor {} has one value in all rows, which tells nothing; give more rows", factor);
      }
      for (const auto& [value, count] : values) {
        if (count >= least_.rows_of_value) continue;
        refuse("only {} row has the value {} of factor {}, so no {} can share it; give more rows",
               count, value, factor, least_.rows_of_value);
      }
    }
  }

  const Metric& metric_;
  const Requirements least_;
  const EvaluationSizes& sizes_;
};

std::optional<int64_t> count_of(const at::Tensor& rows) {
  return rows.defined() && rows.dim() > 0 ? std::optional(rows.size(0)) : std::nullopt;
}

RowsOfEach labels_of(const at::Tensor& labels) {
  return labels.defined() ? rows_of_each(labels) : RowsOfEach{};
}

struct Rows {
  Part part;
  const at::Tensor& tensor;
};

// Those of the first part that the metric takes; else features.
at::Tensor first_taken(Parts needs, std::initializer_list<Rows> all, const at::Tensor& features) {
  for (const Rows& one : all) {
    if (needs.has(one.part)) return one.tensor;
  }
  return features;
}

at::Tensor real_rows(const MetricInputs& inputs, Parts needs) {
  return first_taken(needs,
                     {{Part::kReconstructions, inputs.images.originals},
                      {Part::kNoisyReconstructions, inputs.images.originals},
                      {Part::kElbo, inputs.likelihoods.elbo},
                      {Part::kLogWeights, inputs.likelihoods.log_weights},
                      {Part::kDensities, inputs.likelihoods.densities},
                      {Part::kDenoisingLosses, inputs.likelihoods.denoising_losses},
                      {Part::kClassLogits, inputs.labels.class_logits},
                      {Part::kJacobian, inputs.codes.jacobian_norms},
                      {Part::kPoints, inputs.points.reference},
                      {Part::kImages, inputs.images.reference},
                      {Part::kSpatialFeatures, inputs.features.reference_spatial},
                      {Part::kCodes, inputs.codes.means}},
                     inputs.features.reference);
}

at::Tensor generated_rows(const MetricInputs& inputs, Parts needs) {
  return first_taken(needs,
                     {{Part::kPoints, inputs.points.generated},
                      {Part::kImages, inputs.images.generated},
                      {Part::kSpatialFeatures, inputs.features.generated_spatial},
                      {Part::kLogits, inputs.features.logits},
                      {Part::kPaths, inputs.features.path_distances},
                      {Part::kAttributes, inputs.labels.shown}},
                     inputs.features.generated);
}

}  // namespace

void check_requirements(const Metric& metric, const MetricInputs& settings,
                        const EvaluationSizes& sizes) {
  Check(metric, settings, sizes).all();
}

EvaluationSizes sizes_of(const MetricInputs& inputs, Parts needs) {
  const at::Tensor real = real_rows(inputs, needs);
  EvaluationSizes sizes;
  sizes.generated = count_of(generated_rows(inputs, needs));
  // Counted, not kept.
  if (needs == Needs::kEvaluations) sizes.generated = std::isnan(inputs.evaluations) ? 0 : 1;
  if (needs == Needs::kSamplingCost) sizes.generated = std::isnan(inputs.costs.sampling) ? 0 : 1;
  sizes.reference = count_of(real);
  sizes.held_out = count_of(inputs.features.held_out);
  sizes.training = count_of(inputs.codes.training);
  if (real.defined() && real.dim() == 4) sizes.example_shape = real.sizes().slice(1).vec();
  if (needs.has(Part::kCodes) && real.defined() && real.dim() == 2) sizes.codes = real.size(1);
  const at::Tensor& factors = inputs.codes.factors;
  if (factors.defined() && factors.dim() == 2) {
    sizes.factors.emplace();
    for (const at::Tensor& factor : factors.unbind(1)) {
      sizes.factors->push_back(rows_of_each(factor));
    }
  }
  sizes.generated_classes = labels_of(inputs.labels.generated);
  sizes.reference_classes = labels_of(inputs.labels.reference);
  sizes.training_labels = inputs.labels.training.defined();
  sizes.logits = inputs.features.logits.defined();
  sizes.spatial =
      inputs.features.generated_spatial.defined() && inputs.features.reference_spatial.defined();
  return sizes;
}

RowsOfEach rows_of_each(const at::Tensor& labels) {
  const auto whole = labels.to(at::kCPU, at::kLong).contiguous();
  const auto* value = whole.const_data_ptr<int64_t>();
  RowsOfEach rows;
  for (int64_t i = 0; i < whole.numel(); ++i) ++rows[value[i]];
  return rows;
}

}  // namespace assay
