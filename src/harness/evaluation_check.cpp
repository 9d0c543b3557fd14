// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluation_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "data/class_names.h"
#include "families/registry.h"
#include "harness/code_inputs.h"
#include "harness/evaluation_inputs.h"
#include "harness/runner.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"
#include "metrics/options.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

[[noreturn]] void refuse(const Metric& metric, std::string_view why) {
  throw Error(fmt::format("eval.metrics: {} {}", metric.name, why));
}

// Nothing for a name that is not in the list, which is complained of elsewhere.
const DatasetSource* source_of(const Definition& definition) {
  const auto& known = datasets();
  const auto found =
      std::ranges::find(known, definition.text("dataset.name"), &DatasetSource::name);
  return found == known.end() ? nullptr : &*found;
}

bool knows_factors(const Definition& definition) {
  const DatasetSource* source = source_of(definition);
  return source == nullptr || !source->factors().empty();
}

bool reads_factors(const Definition& definition) {
  const DatasetSource* source = source_of(definition);
  return source != nullptr && source->read_factors != nullptr;
}

// What a run of this definition has for metrics.
Parts parts_of(const Definition& definition) {
  const Capabilities can = capabilities_of(definition);
  if (!can.generates) return Needs::kClassification;
  Parts parts{Part::kFeatures, Part::kHeldOut, Part::kSpatialFeatures, Part::kLogits,
              Part::kImages,   Part::kPoints,  Part::kLabels};
  parts.add({Part::kEvaluations, Part::kTrainingCost, Part::kSamplingCost});
  if (can.latents) parts.add(Part::kPaths);
  if (can.conditional) parts.add(Part::kSampleLabels);
  if (can.attributes && reads_factors(definition)) parts.add(Part::kAttributes);
  if (!can.likelihood.empty()) parts.add(Part::kElbo);
  if (can.weighs) parts.add(Part::kLogWeights);
  if (can.denoises) parts.add(Part::kDenoisingLosses);
  if (can.flows) parts.add(Part::kDensities);
  if (can.paths) parts.add(Part::kPathEnergies);
  if (!can.encodes()) return parts;
  parts.add(
      {Part::kReconstructions, Part::kNoisyReconstructions, Part::kCodes, Part::kTrainingCodes});
  if (can.decodes) parts.add(Part::kDistortions);
  if (can.differentiable) parts.add(Part::kJacobian);
  if (can.encoding == Encoding::kGaussians) parts.add(Part::kPosteriors);
  if (knows_factors(definition)) parts.add(Part::kFactors);
  return parts;
}

std::string why_no_codes(const Definition& definition, Part part) {
  const Family& own = family(definition.family);
  if (!own.capabilities(definition).encodes()) {
    return fmt::format(
        "is of codes, and family '{}' has no encoder; take one of the autoencoders, or drop it",
        own.name);
  }
  if (part == Part::kPosteriors) {
    return fmt::format(
        "is of posteriors q(z|x), and the codes of family '{}' are points as it is set up here; "
        "take family 'vae' with Gaussian posteriors, or drop it",
        own.name);
  }
  if (part == Part::kFactors) {
    std::string known;
    for (const auto& source : datasets()) {
      if (source.factors().empty()) continue;
      known += fmt::format("{}{}", known.empty() ? "" : ", ", source.name);
    }
    return fmt::format(
        "needs the factors behind the images, which data set '{}' does not know; those that do: {}",
        definition.text("dataset.name"), known);
  }
  return fmt::format(
      "decodes or differentiates codes, and those of family '{}' are entries of a codebook; drop "
      "it",
      own.name);
}

std::string why_not(const Definition& definition, Part part) {
  const Family& own = family(definition.family);
  if (!own.capabilities(definition).generates) {
    return fmt::format(
        "is of generative models, and family '{}' generates nothing; its eval.metrics may only "
        "hold accuracy",
        own.name);
  }
  switch (part) {
    case Part::kClassLogits:
      return fmt::format("is of classifiers, and family '{}' is none; drop it", own.name);
    case Part::kPaths:
      return fmt::format(
          "needs paths through a latent space that samples are decoded from, and family '{}' has "
          "none; drop it",
          own.name);
    case Part::kReconstructions:
    case Part::kNoisyReconstructions:
      return fmt::format("is of reconstructions, and family '{}' makes none; drop it", own.name);
    case Part::kElbo:
    case Part::kLogWeights:
      return fmt::format(
          "is a bound of a likelihood, which family '{}' has none of as it is set up here; take "
          "family 'vae' with Gaussian posteriors, or drop it",
          own.name);
    case Part::kDenoisingLosses:
      return fmt::format("is of models that are trained at times, and family '{}' is not; drop it",
                         own.name);
    case Part::kDensities:
      return fmt::format(
          "is of the ODE of a continuous process, and family '{}' as it is set up here has none; "
          "take family 'diffusion' with objective.timesteps = 0, or drop it",
          own.name);
    case Part::kPathEnergies:
      return fmt::format(
          "is of paths that carry noise to data in unit time by steps that a sampler is told, and "
          "family '{}' as it is set up here takes none; take family 'diffusion' with "
          "objective.process = \"ot\" and another sampler.name than \"dopri5\", or drop it",
          own.name);
    case Part::kSampleLabels:
      return "needs a class for each sample; take a family with the key model.conditional and set "
             "it to true";
    case Part::kAttributes:
      return "needs samples that are asked for attributes, and a data set that tells them from "
             "pictures; set model.conditional = true and model.tokens = \"attributes\" with "
             "dataset.name = \"shapes\"";
    default:
      return why_no_codes(definition, part);
  }
}

void check_split(const Definition& definition, const Metric& metric) {
  const std::string& split = definition.text("eval.reference_split");
  if (metric.needs.has(Part::kHeldOut) && split != "train") {
    refuse(metric,
           "compares with training and held-out data; set eval.reference_split = 'train', and the "
           "test split is held out");
  }
  if (requirements_of(metric, {}).trained_on && split != "train") {
    refuse(metric,
           fmt::format("tells whether training data were memorised, and nothing was trained "
                       "on split '{}'; set eval.reference_split = 'train'",
                       split));
  }
  if (metric.needs.has(Part::kTrainingCodes) && split != "test") {
    refuse(
        metric,
        "learns from training images and is scored on others; set eval.reference_split = 'test'");
  }
}

void check_metric(const Definition& definition, const Metric& metric) {
  if (const auto missing = metric.needs.first_beyond(parts_of(definition))) {
    refuse(metric, why_not(definition, *missing));
  }
  check_split(definition, metric);
  if (metric.needs.has(Part::kNoisyReconstructions)) check_noise(definition);
}

// Each once, and with options of its own alone.
void check_names(const Definition& definition) {
  std::set<std::string> asked;
  for (const auto& name : definition.texts("eval.metrics")) {
    metric(name);
    if (!asked.insert(name).second) {
      throw Error(fmt::format("eval.metrics: {} is named twice; keep one", name));
    }
  }
  for (const auto& [key, value] : parse_metric_options(definition.texts("eval.options"))) {
    const auto owner = key.substr(0, key.find('.'));
    if (asked.contains(owner)) continue;
    throw Error(
        fmt::format("eval.options: {}: {} is not among eval.metrics; add it, or drop the "
                    "option",
                    key, owner));
  }
}

EvaluationSizes known_sizes(const Definition& definition) {
  EvaluationSizes sizes;
  sizes.generated = definition.integer("eval.generated");
  const std::int64_t reference = definition.integer("eval.reference_count");
  if (reference > 0) sizes.reference = reference;  // at most
  sizes.codes = capabilities_of(definition).code_size;
  const ExtractorSource& extractor = extractor_source(definition.text("eval.extractor"));
  sizes.logits = extractor.gives_logits;
  sizes.spatial = extractor.gives_spatial;
  return sizes;
}

// Samples show the classes in turn.
RowsOfEach in_turn(std::int64_t count, std::int64_t classes) {
  RowsOfEach rows;
  for (std::int64_t k = 0; k < std::min(count, classes); ++k) {
    rows[k] = count / classes + (k < count % classes ? 1 : 0);
  }
  return rows;
}

EvaluationSizes sizes_with(const Definition& definition, const Dataset& dataset) {
  const EvaluationInputs drawer(definition, 0, dataset, {});
  const DataSplit& split = drawer.reference_split();
  EvaluationSizes sizes = known_sizes(definition);
  if (dataset.is_points()) sizes.logits = sizes.spatial = false;
  sizes.reference = sizes.reference ? std::min(*sizes.reference, split.size()) : split.size();
  sizes.training = dataset.train.size();
  sizes.held_out = dataset.test.size();
  sizes.example_shape = split.images.sizes().slice(1).vec();
  sizes.training_labels = dataset.train.labels.defined();
  sizes.reference_classes =
      split.labels.defined() ? rows_of_each(drawer.reference_part(split.labels)) : RowsOfEach{};
  sizes.generated_classes = capabilities_of(definition).conditional
                                ? in_turn(*sizes.generated, dataset.classes)
                                : RowsOfEach{};
  if (!split.factors.defined()) return sizes;
  sizes.factors.emplace();
  for (const at::Tensor& factor : drawer.reference_part(split.factors).unbind(1)) {
    sizes.factors->push_back(rows_of_each(factor));
  }
  return sizes;
}

// No other count would make images of points.
void check_kind(const Metric& metric, const Dataset& dataset) {
  const Requirements least = requirements_of(metric, {});
  if (least.points && !dataset.is_points()) {
    refuse(metric, fmt::format("is of points, and data set '{}' holds images; drop it, or take a "
                               "set of points such as ring",
                               dataset.name));
  }
  if ((least.images || least.side > 0) && dataset.is_points()) {
    refuse(metric, fmt::format("is of images, and data set '{}' holds points; drop it, or take a "
                               "set of images such as fashion_mnist",
                               dataset.name));
  }
}

void check_extractor(const Definition& definition, const Metric& metric, const Dataset& dataset) {
  if (!metric.needs.any_of(kOfExtractor) || dataset.is_points()) return;
  const auto& name = definition.text("eval.extractor");
  const auto& only = extractor_source(name).only_shape;
  auto shape = dataset.train.images.sizes().slice(1).vec();
  for (const std::size_t side : {1UL, 2UL})
    shape[side] -= 2 * definition.integer("dataset.padding");
  if (only.empty() || shape == only) return;
  refuse(metric, fmt::format("is of features of '{}', which takes {}x{} images of {} channel{} "
                             "only, not {}x{} of {}; take another eval.extractor",
                             name, only[2], only[1], only[0], only[0] == 1 ? "" : "s", shape[2],
                             shape[1], shape[0]));
}

// A label has to mean to the extractor's classifier what it means in the data.
void check_classes(const Definition& definition, const Metric& metric) {
  if (!metric.needs.has(Part::kLogits) || !metric.needs.has(Part::kSampleLabels)) return;
  const DatasetRequest request = dataset_request_of(definition);
  const auto& extractor = extractor_source(definition.text("eval.extractor"));
  const auto names = class_names(request);
  const bool yours = dataset_source(request.name).is_format;
  if (!yours && names != extractor.classes) {
    refuse(metric, fmt::format("compares classes with those of '{}', which are not those of '{}'; "
                               "drop it",
                               extractor.name, request.name));
  }
  const std::string misfit = classes_misfit(extractor, names);
  if (!misfit.empty()) refuse(metric, misfit);
}

void check_sizes(const Definition& definition, const EvaluationSizes& sizes) {
  MetricInputs settings;
  settings.k = definition.integer("eval.neighbours");
  settings.options = parse_metric_options(definition.texts("eval.options"));
  for (const auto& name : definition.texts("eval.metrics")) {
    try {
      check_requirements(metric(name), settings, sizes);
    } catch (const Error& problem) {
      throw Error(fmt::format(
          "eval.metrics: {}; change eval.generated, eval.reference_count, eval.neighbours or "
          "eval.options to suit, or drop {}",
          problem.what(), name));
    }
  }
}

}  // namespace

void check_evaluation(const Definition& definition) {
  check_names(definition);
  extractor_source(definition.text("eval.extractor"));
  for (const auto& name : definition.texts("eval.metrics")) check_metric(definition, metric(name));
  check_sizes(definition, known_sizes(definition));
}

void check_evaluation(const Definition& definition, const Dataset& dataset) {
  check_evaluation(definition);
  if (definition.texts("eval.metrics").empty()) return;
  for (const auto& name : definition.texts("eval.metrics")) {
    const Metric& one = metric(name);
    const bool of_modes = one.needs.has(Part::kPoints) && requirements_of(one, {}).reference == 0;
    if (of_modes && !dataset.modes) {
      throw Error(
          fmt::format("eval.metrics: {} is of the modes of a 2-D mixture (ring, grid, "
                      "eight_gaussians), and '{}' has none",
                      name, dataset.name));
    }
    check_kind(one, dataset);
    check_extractor(definition, one, dataset);
    check_classes(definition, one);
  }
  check_sizes(definition, sizes_with(definition, dataset));
}

}  // namespace assay
