// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/eval/eval_source.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "metrics/options.h"
#include "metrics/peers.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

constexpr std::string_view kFidExtractor = "inception-v3";

// What is computed when nothing is asked for, as far as the inputs allow.
constexpr std::string_view kUsual[] = {"fd",      "kid",      "precision",      "recall",
                                       "density", "coverage", "inception_score"};

void check_extractor(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& source : extractors()) names.emplace_back(source.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw Error(
      fmt::format("unknown extractor '{:.100}'{}", name, suggestion(name, names, "extractors")));
}

// As a peer prepares images for the Inception network.
void follow_peer(const std::string& peer, ExtractorOptions& options) {
  if (peer == "torch-fidelity") options.resize = ResizeRule::kTf1Bilinear;
  if (peer == "clean-fid") options.resize = ResizeRule::kPilBicubic;
  if (peer == "torchmetrics") options.resize = ResizeRule::kBilinearAntialias;
  if (peer == "pytorch-fid") {
    options.resize = ResizeRule::kBilinear;
    options.unit_scaling = true;
  }
}

ExtractorOptions extractor_options(const EvalCommand& command) {
  ExtractorOptions options;
  options.weights = command.weights;
  if (command.extractor == kFidExtractor) follow_peer(command.compat, options);
  if (!command.resize.empty()) options.resize = parse_resize_rule(command.resize);
  return options;
}

const Metric& metric_asked(const std::string& name, bool inception) {
  const bool inception_only = name == "fid" || name == "sfid";
  if (inception_only && !inception) {
    throw Error(fmt::format(
        "--metrics {}: the name belongs to the Inception-v3 2015-12-05 features; give images and "
        "--extractor inception-v3 (`assay data fetch inception` says where its weights are), or "
        "ask for {}, which is shown together with its extractor",
        name, name == "fid" ? "fd" : "sfd"));
  }
  return metric(name == "fid" ? "fd" : name == "sfid" ? "sfd" : name);
}

void check_options(const EvalPlan& plan) {
  for (const auto& [key, value] : plan.options) {
    const auto owner = key.substr(0, key.find('.'));
    const bool asked = std::any_of(plan.metrics.begin(), plan.metrics.end(),
                                   [&](const Metric* one) { return one->name == owner; });
    if (!asked) {
      throw Error(fmt::format("--set {}: {} is not among the metrics to compute", key, owner));
    }
  }
}

}  // namespace

std::string EvalPlan::shown_name(const std::string& metric, bool from_images) const {
  if (!inception || !from_images) return metric;
  return metric == "fd" ? "fid" : metric == "sfd" ? "sfid" : metric;
}

bool EvalPlan::needs_features() const {
  return std::any_of(metrics.begin(), metrics.end(),
                     [](const Metric* one) { return one->needs.any_of(kOfExtractor); });
}

bool EvalPlan::needs_reference() const {
  return std::any_of(metrics.begin(), metrics.end(), [](const Metric* one) {
    return !one->needs.has(Part::kCodes) && names_reference(*one);
  });
}

bool EvalPlan::reads_reference() const {
  return reference_given && std::any_of(metrics.begin(), metrics.end(), [](const Metric* one) {
           return !one->needs.has(Part::kCodes);
         });
}

EvalPlan plan_evaluation(const EvalCommand& command) {
  EvalPlan plan;
  check_extractor(command.extractor);
  if (!command.compat.empty()) peer(command.compat);
  plan.inception = command.extractor == kFidExtractor;
  plan.extractor = extractor_options(command);
  plan.usual = command.metrics.empty();
  plan.reference_given = !command.reference.empty();
  for (const auto& name : command.metrics) {
    const Metric& one = metric_asked(name, plan.inception);
    if (!one.needs.within(kOfFiles)) {
      throw Error(fmt::format("{}: can only be computed by a run, not from files", one.name));
    }
    check_compat(command.compat, one.name);
    if (std::find(plan.metrics.begin(), plan.metrics.end(), &one) == plan.metrics.end()) {
      plan.metrics.push_back(&one);
    }
  }
  for (const auto name : kUsual) {
    const bool followed = command.compat.empty() || peer_computes(command.compat, name);
    if (plan.usual && followed) plan.metrics.push_back(&metric(name));
  }
  plan.options = parse_metric_options(eval_settings(command.set).of_metrics);
  check_options(plan);
  if (!plan.reference_given && plan.needs_reference()) {
    throw Error(
        "--reference is missing: a folder, .npz, DATASET:SPLIT or RUN to compare with (metrics of "
        "codes or of samples alone, as mig and vendi, do without)");
  }
  return plan;
}

}  // namespace assay
