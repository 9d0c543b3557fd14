// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "cli/eval/eval_check.h"
#include "cli/eval/eval_classes.h"
#include "cli/eval/eval_features.h"
#include "cli/eval/eval_source.h"
#include "core/error.h"
#include "harness/environment.h"
#include "metrics/codes/dci.h"
#include "metrics/images/stacked_modes.h"
#include "metrics/neighbours/pair_sweep.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

// The sides of an evaluation, turned into features, and the scores of them.
class Scorer {
 public:
  Scorer(const EvalCommand& command, const EvalPlan& plan) : command_(command), plan_(plan) {
    sides_.generated = load(command.generated);
    check_kinds(sides_.generated);
    if (!command.held_out.empty()) {
      sides_.held_out = load(command.held_out);
      check_pair(sides_.generated, *sides_.held_out);
    }
    if (plan.reads_reference()) {
      sides_.reference = load(command.reference);
      check_kinds(sides_.reference);
      check_pair(sides_.generated, sides_.reference);
      sides_.classes = share_classes(sides_.generated, sides_.reference);
    }
    check_sampling_options();
    if (sides_.generated.from_images()) {
      if (plan.needs_features()) extract();
    } else if (!command.resize.empty() || !command.weights.empty()) {
      throw Error(fmt::format("{}: holds features, so no --resize or --weights applies",
                              sides_.generated.name));
    }
  }

  EvalResult score_all() const {
    EvalResult result;
    for (const Metric* metric : plan_.metrics) {
      if (!plan_.usual) check_inputs(*metric, sides_, command_);
    }
    MetricInputs inputs = shared_inputs();
    std::optional<Error> first_problem;
    for (const Metric* metric : plan_.metrics) {
      try {
        check_inputs(*metric, sides_, command_);
        result.values.push_back(score(*metric, inputs));
      } catch (const Error& problem) {
        if (!plan_.usual) throw;
        if (!first_problem) first_problem = problem;
        result.notes.push_back(fmt::format("Left out: {}", problem.what()));
      }
    }
    if (result.values.empty() && first_problem) throw *first_problem;
    result.n_generated = sides_.generated.rows();
    result.n_reference = sides_.reference.rows();
    result.dimensions = sides_.generated.features.defined() ? sides_.generated.features.size(1) : 0;
    result.extractor = extractor_                       ? "extractor " + command_.extractor
                       : sides_.generated.from_images() ? "no extractor"
                       : plan_.needs_features()         ? "given features"
                                                        : "given codes";
    if (!plan_.reads_reference() && plan_.reference_given) {
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
    if (sides_.generated.drawn || sides_.reference.drawn) return;
    const auto settings = eval_settings(command_.set).of_sampling;
    const std::string given = !settings.empty() ? "--set " + settings.front()
                              : command_.seed && command_.record.empty() ? "--seed"
                              : command_.count > 0                       ? "--count"
                              : !command_.data.empty()                   ? "--data"
                                                                         : "";
    if (given.empty()) return;
    throw Error(
        fmt::format("{}: says how a RUN is sampled; {} is none", given, sides_.generated.name));
  }

  // Its weights are read only where there are images.
  Extractor& extractor() {
    if (!extractor_) extractor_ = make_extractor(command_.extractor, plan_.extractor);
    return *extractor_;
  }

  void add_inputs(EvalResult& result) const {
    add_input(result, "generated", sides_.generated);
    if (plan_.reads_reference()) add_input(result, "reference", sides_.reference);
    if (sides_.held_out) add_input(result, "held-out", *sides_.held_out);
    const bool accuracy =
        std::any_of(plan_.metrics.begin(), plan_.metrics.end(),
                    [](const Metric* one) { return one->needs == Needs::kLabelledImages; });
    if (accuracy && !sides_.classes.only_reference.empty()) {
      result.notes.push_back(
          fmt::format("Never generated, so that all their pictures count as wrong: {}.",
                      fmt::join(sides_.classes.only_reference, ", ")));
    }
  }

  void extract() {
    const bool quiet = command_.common.quiet || command_.common.json;
    extract_features(sides_.generated, extractor(), {.quiet = quiet, .keep = false});
    if (plan_.reads_reference()) {
      extract_features(sides_.reference, extractor(), {.quiet = quiet, .keep = true});
    }
    if (sides_.held_out)
      extract_features(*sides_.held_out, extractor(), {.quiet = quiet, .keep = true});
  }

  MetricInputs shared_inputs() const {
    MetricInputs inputs;
    inputs.features.generated = sides_.generated.features;
    inputs.features.reference = sides_.reference.features;
    inputs.features.generated_spatial = sides_.generated.spatial;
    inputs.features.reference_spatial = sides_.reference.spatial;
    inputs.images.generated = only_images(sides_.generated);
    inputs.images.reference = only_images(sides_.reference);
    inputs.labels.generated = sides_.generated.labels;
    inputs.labels.reference = sides_.reference.labels;
    inputs.features.logits = sides_.generated.logits;
    inputs.codes = sides_.generated.codes;
    if (sides_.held_out) inputs.features.held_out = sides_.held_out->features;
    inputs.k = command_.neighbours;
    inputs.compat = command_.compat;
    inputs.options = plan_.options;
    inputs.device = pick_device(command_.device);
    inputs.sweep = std::make_shared<PairSweepMemo>();
    inputs.trees = std::make_shared<DciMemo>();
    inputs.stacked = std::make_shared<StackedModesMemo>();
    for (const Metric* metric : plan_.metrics) inputs.wanted.emplace_back(metric->name);
    return inputs;
  }

  Protocol protocol_for(const Metric& metric) const {
    if (metric.needs.has(Part::kCodes)) {
      return {{"codes", sides_.generated.name},
              {"codes_digest", sides_.generated.digest},
              {"representation", "given"}};
    }
    Protocol protocol;
    if (metric.needs.any_of(kOfExtractor)) {
      protocol = extractor_ ? extractor_->protocol() : Protocol{{"extractor", "given"}};
    }
    protocol["generated"] = sides_.generated.name;
    protocol["generated_digest"] = sides_.generated.digest;
    if (names_reference(metric)) {
      protocol["reference"] = sides_.reference.name;
      protocol["reference_digest"] = sides_.reference.digest;
    }
    if (metric.needs.has(Part::kHeldOut)) {
      protocol["held_out"] = sides_.held_out->name;
      protocol["held_out_digest"] = sides_.held_out->digest;
    }
    if (metric.needs.has(Part::kSampleLabels)) {
      protocol["generated_labels"] = digest_of(sides_.generated.labels);
      protocol["reference_labels"] = digest_of(sides_.reference.labels);
    }
    protocol.merge(Protocol(sides_.generated.sampling));
    if (!command_.compat.empty()) protocol["compat"] = command_.compat;
    return protocol;
  }

  MetricValue score(const Metric& metric, MetricInputs& inputs) const {
    inputs.protocol = protocol_for(metric);
    try {
      check_requirements(metric, inputs, sizes_of(inputs, metric.needs));
      MetricValue value = metric.compute(inputs);
      if (!std::isfinite(value.value)) {
        throw Error(fmt::format("{}: the result is {}: the {} for it", metric.name, value.value,
                                metric.needs.has(Part::kCodes)
                                    ? "codes are too large, or follow from each other,"
                                    : "features are too large"));
      }
      value.name = plan_.shown_name(value.name, sides_.generated.from_images());
      return value;
    } catch (const Error& problem) {
      const auto sides =
          sides_.reference.name.empty()
              ? sides_.generated.name
              : fmt::format("{} against {}", sides_.generated.name, sides_.reference.name);
      const bool labelled = metric.needs.has(Part::kSampleLabels);
      throw Error(
          fmt::format("{}: {}{}", sides, problem.what(), labelled ? legend(sides_.classes) : ""),
          problem.code());
    }
  }

  const EvalCommand& command_;
  const EvalPlan& plan_;
  std::unique_ptr<Extractor> extractor_;
  EvalSides sides_;
};

}  // namespace

EvalResult score_inputs(const EvalCommand& command, const EvalPlan& plan) {
  return Scorer(command, plan).score_all();
}

}  // namespace assay
