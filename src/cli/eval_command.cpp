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

/// What all metrics of one evaluation share, and what those on features or logits add.
class Scorer {
 public:
  Scorer(const EvalCommand& command, EvalSource generated, EvalSource reference)
      : command_(command), generated_(std::move(generated)), reference_(std::move(reference)) {
    if (generated_.images.defined() &&
        (generated_.features.defined() || generated_.logits.defined())) {
      throw Error(fmt::format("{}: holds images as well as features or logits; give one of them",
                              generated_.name));
    }
    const bool generated_images = generated_.images.defined();
    const bool reference_features = reference_.features.defined() && !reference_.images.defined();
    if ((generated_images && reference_features) ||
        (generated_.features.defined() && reference_.images.defined())) {
      throw Error(fmt::format(
          "{} and {}: one holds images, the other features, which could come from another "
          "extractor",
          generated_.name, reference_.name));
    }
    if (!generated_images) return;
    extractor_ = make_extractor(command.extractor);
    const bool quiet = command.common.quiet || command.common.json;
    extract(generated_, *extractor_, quiet);
    if (reference_.images.defined()) extract(reference_, *extractor_, quiet);
  }

  MetricValue score(const Metric& metric) const {
    check_inputs(metric, generated_, reference_);
    MetricInputs inputs;
    inputs.generated_features = generated_.features;
    inputs.reference_features = reference_.features;
    inputs.generated_logits = generated_.logits;
    inputs.k = command_.neighbours;
    inputs.protocol = extractor_ ? extractor_->protocol() : Protocol{{"extractor", "given"}};
    inputs.protocol["generated"] = generated_.name;
    inputs.protocol["generated_digest"] = generated_.digest;
    if (metric.needs == Needs::kFeatures) {
      inputs.protocol["reference"] = reference_.name;
      inputs.protocol["reference_digest"] = reference_.digest;
    }
    try {
      return metric.compute(inputs);
    } catch (const Error& problem) {
      throw Error(
          fmt::format("{} against {}: {}", generated_.name, reference_.name, problem.what()),
          problem.code());
    }
  }

  const EvalSource& generated() const { return generated_; }
  const EvalSource& reference() const { return reference_; }
  std::string extractor() const {
    return extractor_ ? "extractor " + command_.extractor : "given features";
  }

 private:
  const EvalCommand& command_;
  EvalSource generated_, reference_;
  std::unique_ptr<Extractor> extractor_;
};

std::int64_t rows_of(const EvalSource& source) {
  for (const at::Tensor& rows : {source.features, source.logits, source.images}) {
    if (rows.defined()) return rows.size(0);
  }
  return 0;
}

}  // namespace

int eval_command(const EvalCommand& command) {
  const c10::InferenceMode inference;
  at::set_num_threads(command.common.threads);
  const Scorer scorer(command, load_eval_source(command.generated, command),
                      load_eval_source(command.reference, command));
  std::vector<MetricValue> values;
  for (const Metric* metric : chosen_metrics(command, scorer.generated())) {
    values.push_back(scorer.score(*metric));
  }
  const std::int64_t n_generated = rows_of(scorer.generated()),
                     n_reference = rows_of(scorer.reference());
  if (command.common.json) {
    fmt::print("{}\n", to_json(values, n_generated, n_reference).dump(2));
  } else {
    print_table(values, scorer.extractor(), n_generated, n_reference);
  }
  return 0;
}

}  // namespace assay
