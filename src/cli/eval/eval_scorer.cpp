// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>

#include "cli/eval/eval_classes.h"
#include "cli/eval/eval_codes.h"
#include "cli/eval/eval_features.h"
#include "cli/eval/eval_source.h"
#include "core/error.h"
#include "harness/environment.h"
#include "metrics/codes/dci.h"
#include "metrics/neighbours/pair_sweep.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

// The sides of an evaluation, turned into features, and the scores of them.
class Scorer {
 public:
  Scorer(const EvalCommand& command, const EvalPlan& plan)
      : command_(command), plan_(plan), generated_(load(command.generated)) {
    check_kinds(generated_);
    if (!command.held_out.empty()) {
      held_out_ = load(command.held_out);
      check_pair(generated_, *held_out_);
    }
    if (plan.needs_reference()) {
      reference_ = load(command.reference);
      check_kinds(reference_);
      check_pair(generated_, reference_);
      classes_ = share_classes(generated_, reference_);
    }
    check_sampling_options();
    if (generated_.from_images()) {
      if (plan.needs_features()) extract();
    } else if (!command.resize.empty() || !command.weights.empty()) {
      throw Error(
          fmt::format("{}: holds features, so no --resize or --weights applies", generated_.name));
    }
  }

  EvalResult score_all() const {
    EvalResult result;
    for (const Metric* metric : plan_.metrics) {
      if (!plan_.usual) check_inputs(*metric);
    }
    MetricInputs inputs = shared_inputs();
    std::optional<Error> first_problem;
    for (const Metric* metric : plan_.metrics) {
      try {
        check_inputs(*metric);
        result.values.push_back(score(*metric, inputs));
      } catch (const Error& problem) {
        if (!plan_.usual) throw;
        if (!first_problem) first_problem = problem;
        result.notes.push_back(fmt::format("Left out: {}", problem.what()));
      }
    }
    if (result.values.empty() && first_problem) throw *first_problem;
    result.n_generated = generated_.rows();
    result.n_reference = reference_.rows();
    result.dimensions = generated_.features.defined() ? generated_.features.size(1) : 0;
    result.extractor = extractor_                 ? "extractor " + command_.extractor
                       : generated_.from_images() ? "no extractor"
                       : plan_.needs_features()   ? "given features"
                                                  : "given codes";
    if (!plan_.needs_reference() && !command_.reference.empty()) {
      result.notes.push_back(
          "--reference was not read: these metrics are of the codes in --generated alone.");
    }
    add_inputs(result);
    add_sample_notes(result);
    add_order_note(result, inputs);
    return result;
  }

 private:
  EvalSource load(const std::string& source) {
    EvalReading reading{.any_size = plan_.extractor.resize.has_value()};
    if (plan_.needs_features()) reading.extractor = [this]() -> Extractor& { return extractor(); };
    return load_eval_source(source, command_, reading);
  }

  void check_sampling_options() const {
    if (generated_.drawn || reference_.drawn) return;
    const auto settings = eval_settings(command_.set).of_sampling;
    const std::string given = !settings.empty()        ? "--set " + settings.front()
                              : command_.seed          ? "--seed"
                              : command_.count > 0     ? "--count"
                              : !command_.data.empty() ? "--data"
                                                       : "";
    if (given.empty()) return;
    throw Error(fmt::format("{}: says how a RUN is sampled; {} is none", given, generated_.name));
  }

  // Its weights are read only where there are images.
  Extractor& extractor() {
    if (!extractor_) extractor_ = make_extractor(command_.extractor, plan_.extractor);
    return *extractor_;
  }

  void add_inputs(EvalResult& result) const {
    add_input(result, "generated", generated_);
    if (plan_.needs_reference()) add_input(result, "reference", reference_);
    if (held_out_) add_input(result, "held-out", *held_out_);
    const bool accuracy =
        std::any_of(plan_.metrics.begin(), plan_.metrics.end(),
                    [](const Metric* one) { return one->needs == Needs::kLabelledImages; });
    if (accuracy && !classes_.only_reference.empty()) {
      result.notes.push_back(
          fmt::format("Never generated, so that all their pictures count as wrong: {}.",
                      fmt::join(classes_.only_reference, ", ")));
    }
  }

  void extract() {
    const bool quiet = command_.common.quiet || command_.common.json;
    extract_features(generated_, extractor(), {.quiet = quiet, .keep = false});
    extract_features(reference_, extractor(), {.quiet = quiet, .keep = true});
    if (held_out_) extract_features(*held_out_, extractor(), {.quiet = quiet, .keep = true});
  }

  // The images of a side if they all have one size.
  static at::Tensor only_images(const EvalSource& source) {
    return source.images.size() == 1 ? source.images[0].images : at::Tensor();
  }

  MetricInputs shared_inputs() const {
    MetricInputs inputs;
    inputs.generated_features = generated_.features;
    inputs.reference_features = reference_.features;
    inputs.generated_spatial = generated_.spatial;
    inputs.reference_spatial = reference_.spatial;
    inputs.generated_images = only_images(generated_);
    inputs.reference_images = only_images(reference_);
    inputs.generated_labels = generated_.labels;
    inputs.reference_labels = reference_.labels;
    inputs.generated_logits = generated_.logits;
    inputs.code_means = generated_.codes.codes;
    inputs.disentanglement = generated_.codes;
    if (held_out_) inputs.held_out_features = held_out_->features;
    inputs.k = command_.neighbours;
    inputs.compat = command_.compat;
    inputs.options = plan_.options;
    inputs.device = pick_device(command_.device);
    inputs.sweep = std::make_shared<PairSweepMemo>();
    inputs.trees = std::make_shared<DciMemo>();
    for (const Metric* metric : plan_.metrics) inputs.wanted.emplace_back(metric->name);
    return inputs;
  }

  [[noreturn]] static void refuse(const Metric& metric, const std::string& why) {
    throw Error(fmt::format("{}: {}", metric.name, why));
  }

  // What is called a test split was not trained on.
  void check_split(const Metric& metric) const {
    const bool of_training_set = requirements_of(metric, {}).trained_on;
    if (!of_training_set || !command_.reference.ends_with(":test")) return;
    refuse(metric,
           fmt::format("tells whether training data were memorised, and nothing was trained "
                       "on {}; give --reference what the model was trained on",
                       command_.reference));
  }

  void check_inputs(const Metric& metric) const {
    check_split(metric);
    switch (metric.needs) {
      case Needs::kFeatures:
        return check_features(metric);
      case Needs::kHeldOut:
        check_features(metric);
        if (held_out_ && held_out_->features.defined()) return;
        refuse(metric,
               "needs --held-out: real data that the model was not trained on (--reference is "
               "then what it was trained on)");
      case Needs::kLabelled:
        check_features(metric);
        return check_labels(metric);
      case Needs::kLabelledImages:
        for (const EvalSource* side : {&generated_, &reference_}) {
          if (only_images(*side).defined()) continue;
          refuse(metric, fmt::format("needs images of one size; {} holds {}", side->name,
                                     side->images.empty() ? "none" : "several sizes"));
        }
        return check_labels(metric);
      case Needs::kSpatialFeatures:
        if (generated_.spatial.defined() && reference_.spatial.defined()) return;
        require_read_on_both("spatial", metric);
        refuse(metric,
               "needs spatial features: --extractor inception-v3, or .npz files with 'spatial'");
      case Needs::kLogits:
        if (generated_.logits.defined()) return;
        require_read(generated_.unread, "logits", metric.name);
        refuse(metric, fmt::format("needs class logits; {} has none (give an .npz with 'logits', "
                                   "or images and an extractor that classifies)",
                                   generated_.name));
      case Needs::kCodeMeans:
      case Needs::kPosteriors:
      case Needs::kCodes:
      case Needs::kPosteriorsAndFactors:
        return check_codes(metric, generated_.codes, generated_.unread, generated_.name);
      default:
        throw std::logic_error("a metric that plan_evaluation() refuses");
    }
  }

  void require_read_on_both(const std::string& array, const Metric& metric) const {
    for (const auto* side : {&generated_, &reference_}) {
      require_read(side->unread, array, metric.name);
    }
  }

  void check_labels(const Metric& metric) const {
    if (generated_.labels.defined() && reference_.labels.defined()) {
      // An accuracy counts a class that was never generated as wrong; a distance has nothing to
      // say.
      return require_shared(classes_, std::string(metric.name), metric.needs == Needs::kLabelled);
    }
    require_read_on_both("labels", metric);
    refuse(metric,
           fmt::format("needs labels; {} has none (a folder with a sub-folder for each class, an "
                       ".npz with 'labels' or 'y', or a data set)",
                       generated_.labels.defined() ? reference_.name : generated_.name));
  }

  void check_features(const Metric& metric) const {
    if (generated_.features.defined() && reference_.features.defined()) return;
    require_read_on_both("features", metric);
    require_read_on_both("images", metric);
    const EvalSource& without = generated_.features.defined() ? reference_ : generated_;
    refuse(
        metric,
        fmt::format("needs features or images on both sides; {} has none{}", without.name,
                    without.codes.codes.defined() ? " (of codes, ask for --metrics mig,sap)" : ""));
  }

  Protocol protocol_for(const Metric& metric) const {
    if (is_of_codes(metric.needs)) {
      return {{"codes", generated_.name},
              {"codes_digest", generated_.digest},
              {"representation", "given"}};
    }
    const bool of_images = metric.needs == Needs::kLabelledImages;
    Protocol protocol;
    if (!of_images) {
      protocol = extractor_ ? extractor_->protocol() : Protocol{{"extractor", "given"}};
    }
    protocol["generated"] = generated_.name;
    protocol["generated_digest"] = generated_.digest;
    if (names_reference(metric)) {
      protocol["reference"] = reference_.name;
      protocol["reference_digest"] = reference_.digest;
    }
    if (metric.needs == Needs::kHeldOut) {
      protocol["held_out"] = held_out_->name;
      protocol["held_out_digest"] = held_out_->digest;
    }
    if (metric.needs == Needs::kLabelled || of_images) {
      protocol["generated_labels"] = digest_of(generated_.labels);
      protocol["reference_labels"] = digest_of(reference_.labels);
    }
    protocol.merge(Protocol(generated_.sampling));
    if (!command_.compat.empty()) protocol["compat"] = command_.compat;
    return protocol;
  }

  MetricValue score(const Metric& metric, MetricInputs& inputs) const {
    inputs.protocol = protocol_for(metric);
    try {
      check_requirements(metric, inputs, sizes_of(inputs, metric.needs));
      MetricValue value = metric.compute(inputs);
      if (!std::isfinite(value.value)) {
        refuse(metric, fmt::format("the result is {}: the {} for it", value.value,
                                   is_of_codes(metric.needs)
                                       ? "codes are too large, or follow from each other,"
                                       : "features are too large"));
      }
      value.name = plan_.shown_name(value.name, generated_.from_images());
      return value;
    } catch (const Error& problem) {
      const auto sides = reference_.name.empty()
                             ? generated_.name
                             : fmt::format("{} against {}", generated_.name, reference_.name);
      const bool labelled =
          metric.needs == Needs::kLabelled || metric.needs == Needs::kLabelledImages;
      throw Error(fmt::format("{}: {}{}", sides, problem.what(), labelled ? legend(classes_) : ""),
                  problem.code());
    }
  }

  const EvalCommand& command_;
  const EvalPlan& plan_;
  std::unique_ptr<Extractor> extractor_;
  EvalSource generated_, reference_;
  SharedClasses classes_;
  std::optional<EvalSource> held_out_;
};

}  // namespace

EvalResult score_inputs(const EvalCommand& command, const EvalPlan& plan) {
  return Scorer(command, plan).score_all();
}

}  // namespace assay
