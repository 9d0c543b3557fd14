// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/eval_source.h"
#include "cli/table.h"
#include "core/error.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"

namespace assay {
namespace {

/// Turns images into features (and logits), showing how far it is.
void extract(EvalSource& source, Extractor& extractor, bool quiet) {
  const bool live = !quiet && is_terminal(STDERR_FILENO);
  const std::int64_t all = source.images.size(0);
  const Features features = extractor.extract(source.images, [&](std::int64_t done) {
    if (live) fmt::print(stderr, "\r\x1b[2K{}: {}/{} images", source.name, done, all);
  });
  if (live) fmt::print(stderr, "\r\x1b[2K");
  source.features = features.features;
  source.logits = features.logits;
}

std::vector<const Metric*> chosen_metrics(const EvalCommand& command, const EvalSource& generated) {
  std::vector<const Metric*> chosen;
  for (const auto& name : command.metrics) {
    if (name == "fid") {
      throw Error(
          "--metrics fid: the name belongs to the Inception-v3 2015-12-05 features, whose weights "
          "are not "
          "installed; ask for fd, which is shown together with its extractor");
    }
    chosen.push_back(&metric(name));
  }
  if (!chosen.empty()) return chosen;
  for (const Metric& one : metrics()) {
    const bool possible = (one.needs == Needs::kFeatures && generated.features.defined()) ||
                          (one.needs == Needs::kLogits && generated.logits.defined());
    if (possible) chosen.push_back(&one);
  }
  return chosen;
}

void check_inputs(const Metric& metric, const EvalSource& generated, const EvalSource& reference) {
  const bool features = generated.features.defined() && reference.features.defined();
  if (metric.needs == Needs::kFeatures && !features) {
    throw Error(fmt::format("{}: needs features or images on both sides; {} has none", metric.name,
                            generated.features.defined() ? reference.name : generated.name));
  }
  if (metric.needs == Needs::kLogits && !generated.logits.defined()) {
    throw Error(fmt::format(
        "{}: needs class logits; {} has none (give an .npz with 'logits', or images and an "
        "extractor that classifies)",
        metric.name, generated.name));
  }
  if (metric.needs != Needs::kFeatures && metric.needs != Needs::kLogits) {
    throw Error(fmt::format("{}: can only be computed by a run, not from files", metric.name));
  }
}

Json to_json(const std::vector<MetricValue>& values, std::int64_t n_generated,
             std::int64_t n_reference) {
  Json all = Json::object();
  for (const MetricValue& value : values) {
    all[value.name] = {{"value", json_number(value.value)},
                       {"standard_error", json_number(value.standard_error)},
                       {"n_generated", n_generated},
                       {"n_reference", n_reference},
                       {"protocol", value.protocol}};
  }
  return {{"metrics", all}};
}

void print_table(const std::vector<MetricValue>& values, const std::string& extractor,
                 std::int64_t n_generated, std::int64_t n_reference) {
  Table table({"metric", "value", "± se", "95 % interval"});
  for (const MetricValue& value : values) {
    const bool known = std::isfinite(value.standard_error);
    const double half = 1.96 * value.standard_error;
    table.add({value.name, short_number(value.value),
               known ? short_number(value.standard_error) : "",
               known ? fmt::format("{} to {}", short_number(value.value - half),
                                   short_number(value.value + half))
                     : ""});
  }
  fmt::print("{}\n{} generated, {} reference, {}\n", table.text(), n_generated, n_reference,
             extractor);
  // Fréchet distance is biased upwards by about 1/n; below this many it says little.
  constexpr std::int64_t kEnough = 2048;
  if (std::min(n_generated, n_reference) < kEnough) {
    fmt::print(
        "With fewer than {} images a side, fd is biased upwards: compare it only with values of "
        "the same n.\n",
        kEnough);
  }
}

}  // namespace

int eval_command(const EvalCommand& command) {
  const c10::InferenceMode inference;
  at::set_num_threads(command.common.threads);
  EvalSource generated = load_eval_source(command.generated, command);
  EvalSource reference = load_eval_source(command.reference, command);
  std::unique_ptr<Extractor> extractor;
  if (!generated.features.defined() && generated.images.defined()) {
    extractor = make_extractor(command.extractor);
    extract(generated, *extractor, command.common.quiet || command.common.json);
  }
  if (!reference.features.defined() && reference.images.defined()) {
    if (extractor == nullptr && generated.features.defined()) {
      throw Error(fmt::format(
          "{} holds features and {} images: their features could come from different extractors",
          generated.name, reference.name));
    }
    if (extractor == nullptr) extractor = make_extractor(command.extractor);
    extract(reference, *extractor, command.common.quiet || command.common.json);
  } else if (extractor != nullptr && reference.features.defined()) {
    throw Error(fmt::format(
        "{} holds images and {} features: their features could come from different extractors",
        generated.name, reference.name));
  }
  MetricInputs inputs;
  inputs.generated_features = generated.features;
  inputs.reference_features = reference.features;
  inputs.generated_logits = generated.logits;
  inputs.k = command.neighbours;
  inputs.protocol = extractor ? extractor->protocol() : Protocol{{"extractor", "given features"}};
  inputs.protocol["generated"] = generated.name;
  inputs.protocol["generated_digest"] = generated.digest;
  inputs.protocol["reference"] = reference.name;
  inputs.protocol["reference_digest"] = reference.digest;
  std::vector<MetricValue> values;
  const auto rows = [](const EvalSource& source) {
    return source.features.defined() ? source.features.size(0) : source.logits.size(0);
  };
  for (const Metric* metric : chosen_metrics(command, generated)) {
    check_inputs(*metric, generated, reference);
    try {
      values.push_back(metric->compute(inputs));
    } catch (const Error& problem) {
      throw Error(fmt::format("{} against {}: {}", generated.name, reference.name, problem.what()),
                  problem.code());
    }
  }
  if (command.common.json) {
    fmt::print("{}\n", to_json(values, rows(generated), rows(reference)).dump(2));
  } else {
    print_table(values, extractor ? "extractor " + command.extractor : "given features",
                rows(generated), rows(reference));
  }
  return 0;
}

}  // namespace assay
