// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_run.h"

#include <fmt/format.h>

#include "cli/commands/sample_command.h"
#include "cli/eval/eval_source.h"
#include "core/error.h"
#include "harness/evaluator.h"
#include "harness/runner.h"
#include "kernels/convolution/convolution.h"

namespace assay {
namespace {

void refuse_options_of_comparisons(const EvalCommand& command) {
  const bool imported = !command.definition.empty();
  const EvalCommand plain;
  const std::string given = command.extractor != plain.extractor     ? "--extractor"
                            : command.neighbours != plain.neighbours ? "--k"
                            : !command.resize.empty()                ? "--resize"
                            : !command.weights.empty()               ? "--weights"
                            : !command.compat.empty()                ? "--compat"
                            : !command.held_out.empty()              ? "--held-out"
                            : command.count > 0                      ? "--count"
                            : command.seed && !imported              ? "--seed"
                            : !command.reference.empty()             ? "--reference"
                            : !command.metrics.empty()               ? "--metrics"
                            : !command.record.empty()                ? "--record"
                                                                     : "";
  if (given.empty()) return;
  if (imported) {
    throw Error(fmt::format(
        "{}: weights are scored as their definition says; leave it out, or change the definition "
        "by --set eval.…",
        given));
  }
  throw Error(fmt::format(
      "{}: without --reference a run is scored as its definition says; give --reference too",
      given));
}

TrainedModel model_of(const EvalCommand& command) {
  if (!command.definition.empty()) {
    return load_imported(command.common,
                         {command.generated, command.definition, command.set, command.data,
                          command.seed.value_or(0)},
                         command.device);
  }
  const EvalSettings settings = eval_settings(command.set);
  if (!settings.of_metrics.empty()) {
    throw Error(
        fmt::format("--set {}: without --reference a run is scored as its definition says; "
                    "of it only sampler.* and eval.weights can change",
                    settings.of_metrics.front()));
  }
  return load_trained(command.common, command.generated, {settings.of_sampling, command.data},
                      command.device);
}

}  // namespace

bool is_scored_as_defined(const EvalCommand& command) {
  if (!command.definition.empty()) return true;
  return command.reference.empty() && command.metrics.empty() && names_a_run(command.generated);
}

EvalResult score_as_defined(const EvalCommand& command) {
  refuse_options_of_comparisons(command);
  const TrainedModel trained = model_of(command);
  const ConvolutionModeScope mode(convolution_mode_of(trained.definition));
  Evaluator evaluator(trained.definition, trained.seed, trained.dataset,
                      [](std::string_view, std::int64_t, std::int64_t) {});
  EvalResult result;
  result.values = evaluator.evaluate(*trained.model, trained.images_seen).evaluation.metrics;
  result.n_generated = trained.definition.integer("eval.generated");
  result.extractor = "all as the definition says";
  result.notes.push_back(
      fmt::format("{}: what a run that scores its weights would store.", trained.label));
  return result;
}

}  // namespace assay
