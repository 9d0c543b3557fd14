// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_check.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "cli/eval/eval_codes.h"
#include "core/error.h"
#include "metrics/extractors/extractor.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

[[noreturn]] void refuse(const Metric& metric, const std::string& why) {
  throw Error(fmt::format("{}: {}", metric.name, why));
}

// What is called a test split was not trained on.
void check_split(const Metric& metric, const std::string& reference) {
  const bool of_training_set = requirements_of(metric, {}).trained_on;
  if (!of_training_set || !reference.ends_with(":test")) return;
  refuse(metric, fmt::format("tells whether training data were memorised, and nothing was trained "
                             "on {}; give --reference what the model was trained on",
                             reference));
}

// What the model was trained on is not held out.
void check_held_out(const Metric& metric, const EvalSides& sides) {
  if (!metric.needs.has(Part::kHeldOut) || !sides.held_out) return;
  const EvalSource& held_out = *sides.held_out;
  const bool trained_on = held_out.name.ends_with(":train") ||
                          (!held_out.digest.empty() && held_out.digest == sides.reference.digest);
  if (!trained_on) return;
  refuse(metric, fmt::format("compares with data that the model was not trained on, and {} is "
                             "{}; give --held-out other real data",
                             held_out.name,
                             held_out.name.ends_with(":train") ? "a training split"
                                                               : "the reference itself"));
}

// What the sides hold for a metric.
Parts parts_for(const Metric& metric, const EvalSides& sides) {
  const bool both = names_reference(metric);
  const auto held = [&](at::Tensor EvalSource::*rows) {
    return (sides.generated.*rows).defined() && (!both || (sides.reference.*rows).defined());
  };
  Parts parts;
  if (held(&EvalSource::features)) parts.add(Part::kFeatures);
  if (sides.held_out && sides.held_out->features.defined()) parts.add(Part::kHeldOut);
  if (held(&EvalSource::spatial)) parts.add(Part::kSpatialFeatures);
  if (sides.generated.logits.defined()) parts.add(Part::kLogits);
  if (only_images(sides.generated).defined() && only_images(sides.reference).defined()) {
    parts.add(Part::kImages);
  }
  if (sides.generated.codes.means.defined()) parts.add(Part::kCodes);
  if (sides.generated.codes.logvar.defined()) parts.add(Part::kPosteriors);
  if (sides.generated.codes.factors.defined()) parts.add(Part::kFactors);
  if (held(&EvalSource::labels)) parts.add({Part::kLabels, Part::kSampleLabels});
  return parts;
}

void require_read_on_both(const std::string& array, const Metric& metric, const EvalSides& sides) {
  for (const auto* side : {&sides.generated, &sides.reference}) {
    require_read(side->unread, array, metric.name);
  }
}

[[noreturn]] void refuse_features(const Metric& metric, const EvalSides& sides) {
  require_read_on_both("features", metric, sides);
  require_read_on_both("images", metric, sides);
  const EvalSource& without =
      sides.generated.features.defined() ? sides.reference : sides.generated;
  refuse(
      metric,
      fmt::format("needs features or images{}; {} has none{}",
                  names_reference(metric) ? " on both sides" : "", without.name,
                  without.codes.means.defined() ? " (of codes, ask for --metrics mig,sap)" : ""));
}

[[noreturn]] void refuse_without(const Metric& metric, Part missing, const EvalSides& sides) {
  switch (missing) {
    case Part::kFeatures:
      refuse_features(metric, sides);
    case Part::kHeldOut:
      refuse(metric,
             "needs --held-out: real data that the model was not trained on (--reference is "
             "then what it was trained on)");
    case Part::kSpatialFeatures:
      require_read_on_both("spatial", metric, sides);
      refuse(metric,
             "needs spatial features: --extractor inception-v3, or .npz files with 'spatial'");
    case Part::kLogits:
      require_read(sides.generated.unread, "logits", metric.name);
      refuse(metric, fmt::format("needs class logits; {} has none (give an .npz with 'logits', "
                                 "or images and an extractor that classifies)",
                                 sides.generated.name));
    case Part::kImages: {
      const bool first = only_images(sides.generated).defined();
      const EvalSource& side = first ? sides.reference : sides.generated;
      refuse(metric, fmt::format("needs images of one size; {} holds {}", side.name,
                                 side.images.empty() ? "none" : "several sizes"));
    }
    case Part::kLabels:
    case Part::kSampleLabels:
      require_read_on_both("labels", metric, sides);
      refuse(metric,
             fmt::format(
                 "needs labels; {} has none (a folder with a sub-folder for each class, "
                 "an .npz with 'labels' or 'y', or a data set)",
                 sides.generated.labels.defined() ? sides.reference.name : sides.generated.name));
    case Part::kCodes:
    case Part::kPosteriors:
    case Part::kFactors:
      refuse_codes(metric, missing, sides.generated.unread, sides.generated.name);
    default:
      throw std::logic_error("a metric that plan_evaluation() refuses");
  }
}

}  // namespace

at::Tensor only_images(const EvalSource& source) {
  return source.images.size() == 1 ? source.images[0].images : at::Tensor();
}

void check_inputs(const Metric& metric, const EvalSides& sides, const EvalCommand& command) {
  check_split(metric, command.reference);
  check_held_out(metric, sides);
  if (const auto missing = metric.needs.first_beyond(parts_for(metric, sides))) {
    refuse_without(metric, *missing, sides);
  }
  if (!metric.needs.has(Part::kSampleLabels)) return;
  // An accuracy counts a class that was never generated as wrong; a distance has nothing to say.
  require_shared(sides.classes, std::string(metric.name), metric.needs.has(Part::kFeatures));
  // Logits of a file have columns of their own.
  if (!metric.needs.has(Part::kLogits) || sides.generated.images.empty()) return;
  const auto misfit = classes_misfit(extractor_source(command.extractor), sides.classes.names);
  if (!misfit.empty()) throw Error(fmt::format("{} {}", metric.name, misfit));
}

}  // namespace assay
