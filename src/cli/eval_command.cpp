// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

#include "cli/eval_features.h"
#include "cli/eval_source.h"
#include "cli/table.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "harness/environment.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"
#include "metrics/options.h"
#include "metrics/pair_sweep.h"
#include "metrics/peers.h"

namespace assay {
namespace {

constexpr std::string_view kFidExtractor = "inception-v3";

/// What is computed when nothing is asked for, as far as the inputs allow.
constexpr std::string_view kUsual[] = {"fd",      "kid",      "precision",      "recall",
                                       "density", "coverage", "inception_score"};

/// The resize rule of each peer that has one of its own.
ExtractorOptions extractor_options(const EvalCommand& command) {
  static const std::map<std::string, ResizeRule> kPeersRules{
      {"torch-fidelity", ResizeRule::kTf1Bilinear},
      {"clean-fid", ResizeRule::kPilBicubic},
      {"pytorch-fid", ResizeRule::kBilinear},
      {"torchmetrics", ResizeRule::kBilinearAntialias}};
  ExtractorOptions options;
  options.weights = command.weights;
  if (!command.resize.empty()) {
    options.resize = parse_resize_rule(command.resize);
  } else if (const auto rule = kPeersRules.find(command.compat);
             rule != kPeersRules.end() && command.extractor == kFidExtractor) {
    options.resize = rule->second;
  }
  return options;
}

/// What all metrics of one evaluation share, and what those on features or logits add.
class Scorer {
 public:
  explicit Scorer(const EvalCommand& command)
      : command_(command),
        generated_(load_eval_source(command.generated, command)),
        reference_(load_eval_source(command.reference, command)) {
    if (!command.held_out.empty()) held_out_ = load_eval_source(command.held_out, command);
    check_kinds(generated_);
    check_kinds(reference_);
    check_pair(reference_);
    if (held_out_) check_pair(*held_out_);
    if (generated_.images.empty()) {
      if (!command.resize.empty() || !command.weights.empty()) {
        throw Error(fmt::format("{}: holds features, so no --resize or --weights applies",
                                generated_.name));
      }
      return;
    }
    extractor_ = make_extractor(command.extractor, extractor_options(command));
    const bool quiet = command.common.quiet || command.common.json;
    extract_features(generated_, *extractor_, quiet);
    extract_features(reference_, *extractor_, quiet);
    if (held_out_) extract_features(*held_out_, *extractor_, quiet);
  }

  std::vector<MetricValue> score_all() {
    const auto chosen = chosen_metrics();
    MetricInputs inputs = shared_inputs(chosen);
    std::vector<MetricValue> values;
    for (const Metric* metric : chosen) {
      check_inputs(*metric);
      values.push_back(score(*metric, inputs));
    }
    return values;
  }

  /// "fid" is the name of fd under the Inception file alone.
  std::string shown_name(const std::string& metric) const {
    if (!extractor_) return metric;
    if (!is_inception()) return metric;
    return metric == "fd" ? "fid" : metric == "sfd" ? "sfid" : metric;
  }
  const EvalSource& generated() const { return generated_; }
  const EvalSource& reference() const { return reference_; }
  std::string extractor() const {
    return extractor_ ? "extractor " + command_.extractor : "given features";
  }

 private:
  bool is_inception() const { return extractor_ && command_.extractor == kFidExtractor; }

  static void check_kinds(const EvalSource& source) {
    if (source.images.empty() || (!source.features.defined() && !source.logits.defined())) return;
    throw Error(fmt::format("{}: holds images as well as features or logits; give one of them",
                            source.name));
  }

  void check_pair(const EvalSource& other) const {
    if (generated_.images.empty() != other.images.empty()) {
      throw Error(fmt::format(
          "{} and {}: one holds images, the other features, which could come from another "
          "extractor",
          generated_.name, other.name));
    }
    if (generated_.images.empty()) return;
    const auto channels = generated_.images[0].images.size(1);
    const auto theirs = other.images[0].images.size(1);
    if (channels == theirs) return;
    throw Error(
        fmt::format("{} holds {} images, {} {} ones; convert one side, so that both mean the same",
                    generated_.name, channels == 1 ? "grey" : "coloured", other.name,
                    theirs == 1 ? "grey" : "coloured"));
  }

  bool possible(const Metric& metric) const {
    return (metric.needs == Needs::kFeatures && generated_.features.defined() &&
            reference_.features.defined()) ||
           (metric.needs == Needs::kLogits && generated_.logits.defined());
  }

  std::vector<const Metric*> chosen_metrics() const {
    std::vector<const Metric*> chosen;
    for (const auto& name : command_.metrics) {
      const bool inception_only = name == "fid" || name == "sfid";
      if (inception_only && !is_inception()) {
        throw Error(fmt::format(
            "--metrics {}: the name belongs to the Inception-v3 2015-12-05 features; give images "
            "and --extractor inception-v3 (`assay data fetch inception` says where its weights "
            "are), or ask for {}, which is shown together with its extractor",
            name, name == "fid" ? "fd" : "sfd"));
      }
      chosen.push_back(&metric(name == "fid" ? "fd" : name == "sfid" ? "sfd" : name));
    }
    if (!chosen.empty()) return chosen;
    for (const auto name : kUsual) {
      const Metric& one = metric(name);
      const bool followed = command_.compat.empty() || peer_computes(command_.compat, name);
      if (possible(one) && followed) chosen.push_back(&one);
    }
    return chosen;
  }

  MetricInputs shared_inputs(const std::vector<const Metric*>& chosen) const {
    if (!command_.compat.empty()) peer(command_.compat);
    MetricInputs inputs;
    inputs.generated_features = generated_.features;
    inputs.reference_features = reference_.features;
    inputs.generated_spatial = generated_.spatial;
    inputs.reference_spatial = reference_.spatial;
    inputs.generated_labels = generated_.labels;
    inputs.reference_labels = reference_.labels;
    inputs.generated_logits = generated_.logits;
    if (held_out_) inputs.held_out_features = held_out_->features;
    inputs.k = command_.neighbours;
    inputs.compat = command_.compat;
    inputs.options = parse_metric_options(command_.set);
    inputs.device = pick_device(command_.device);
    inputs.sweep = std::make_shared<PairSweepMemo>();
    for (const Metric* metric : chosen) inputs.wanted.emplace_back(metric->name);
    return inputs;
  }

  void check_inputs(const Metric& metric) const {
    const bool features = generated_.features.defined() && reference_.features.defined();
    const auto refuse = [&](std::string_view why) {
      throw Error(fmt::format("{}: {}", metric.name, why));
    };
    switch (metric.needs) {
      case Needs::kFeatures:
      case Needs::kHeldOut:
      case Needs::kLabelled:
        if (!features) {
          refuse(fmt::format("needs features or images on both sides; {} has none",
                             generated_.features.defined() ? reference_.name : generated_.name));
        }
        if (metric.needs == Needs::kHeldOut && !held_out_) {
          refuse(
              "needs --held-out: real data that the model was not trained on (--reference is "
              "then what it was trained on)");
        }
        if (metric.needs == Needs::kLabelled &&
            !(generated_.labels.defined() && reference_.labels.defined())) {
          refuse(
              fmt::format("needs labels; {} has none (a folder with a sub-folder for each "
                          "class, an .npz with 'labels', or a data set)",
                          generated_.labels.defined() ? reference_.name : generated_.name));
        }
        return;
      case Needs::kSpatialFeatures:
        if (!generated_.spatial.defined() || !reference_.spatial.defined()) {
          refuse("needs spatial features: --extractor inception-v3, or .npz files with 'spatial'");
        }
        return;
      case Needs::kLogits:
        if (!generated_.logits.defined()) {
          refuse(
              fmt::format("needs class logits; {} has none (give an .npz with 'logits', or "
                          "images and an extractor that classifies)",
                          generated_.name));
        }
        return;
      default:
        refuse("can only be computed by a run, not from files");
    }
  }

  MetricValue score(const Metric& metric, MetricInputs& inputs) const {
    inputs.protocol = extractor_ ? extractor_->protocol() : Protocol{{"extractor", "given"}};
    inputs.protocol["generated"] = generated_.name;
    inputs.protocol["generated_digest"] = generated_.digest;
    if (metric.needs != Needs::kLogits) {
      inputs.protocol["reference"] = reference_.name;
      inputs.protocol["reference_digest"] = reference_.digest;
    }
    if (metric.needs == Needs::kHeldOut) {
      inputs.protocol["held_out"] = held_out_->name;
      inputs.protocol["held_out_digest"] = held_out_->digest;
    }
    if (!command_.compat.empty()) inputs.protocol["compat"] = command_.compat;
    try {
      return metric.compute(inputs);
    } catch (const Error& problem) {
      throw Error(
          fmt::format("{} against {}: {}", generated_.name, reference_.name, problem.what()),
          problem.code());
    }
  }

  const EvalCommand& command_;
  EvalSource generated_, reference_;
  std::optional<EvalSource> held_out_;
  std::unique_ptr<Extractor> extractor_;
};

Json to_json(const std::vector<MetricValue>& values, const Scorer& scorer,
             const std::vector<std::string>& asked) {
  Json all = Json::object();
  for (const MetricValue& value : values) {
    const auto shown = scorer.shown_name(value.name);
    const bool as_shown = std::find(asked.begin(), asked.end(), shown) != asked.end();
    all[as_shown ? shown : value.name] = {{"value", json_number(value.value)},
                                          {"standard_error", json_number(value.standard_error)},
                                          {"n_generated", scorer.generated().rows()},
                                          {"n_reference", scorer.reference().rows()},
                                          {"protocol", value.protocol}};
  }
  return {{"metrics", all}};
}

/// A plain sentence where so few images make a metric lie; empty if they do not.
std::string small_sample_warning(const Scorer& scorer) {
  constexpr std::int64_t kEnough = 2048;
  const auto n = std::min(scorer.generated().rows(), scorer.reference().rows());
  const auto& features = scorer.generated().features;
  std::string text;
  if (n < kEnough) {
    text += fmt::format(
        "With fewer than {} images a side, fd is biased upwards, and precision, recall, density "
        "and coverage depend on how many there are: compare only values of the same n.\n",
        kEnough);
  }
  if (features.defined() && n <= features.size(1)) {
    text += fmt::format(
        "With no more images than the {} features, covariances are singular: fd sees only the "
        "directions that the images span. kid is unbiased at every n.\n",
        features.size(1));
  }
  return text;
}

void print_table(const std::vector<MetricValue>& values, const Scorer& scorer) {
  Table table({"metric", "value", "± se", "95 % interval"});
  for (const MetricValue& value : values) {
    const bool known = std::isfinite(value.standard_error);
    const double half = 1.96 * value.standard_error;
    table.add({scorer.shown_name(value.name), short_number(value.value),
               known ? short_number(value.standard_error) : "",
               known ? fmt::format("{} to {}", short_number(value.value - half),
                                   short_number(value.value + half))
                     : ""});
  }
  fmt::print("{}\n{} generated, {} reference, {}\n{}", table.text(), scorer.generated().rows(),
             scorer.reference().rows(), scorer.extractor(), small_sample_warning(scorer));
}

}  // namespace

int eval_command(const EvalCommand& command) {
  const c10::InferenceMode inference;
  at::set_num_threads(command.common.threads);
  Scorer scorer(command);
  const auto values = scorer.score_all();
  if (command.common.json) {
    fmt::print("{}\n", to_json(values, scorer, command.metrics).dump(2));
  } else {
    print_table(values, scorer);
  }
  return 0;
}

}  // namespace assay
