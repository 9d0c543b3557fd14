// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_command.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <memory>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/eval/eval_output.h"
#include "cli/eval/eval_plan.h"
#include "cli/eval/eval_record.h"
#include "cli/eval/eval_run.h"
#include "cli/eval/eval_scorer.h"
#include "cli/text/words.h"
#include "config/suite.h"

namespace assay {

int eval_command(const EvalCommand& command) {
  at::set_num_threads(command.common.threads);
  if (!command.record.empty()) check_record(command);
  const auto evaluate = [&] {
    if (is_scored_as_defined(command)) return score_as_defined(command);
    const c10::InferenceMode inference;
    const EvalPlan plan = plan_evaluation(command);
    return score_inputs(command, plan);
  };
  EvalResult result = evaluate();
  if (!command.record.empty()) {
    result.notes.push_back(fmt::format("recorded as run {} of {} in {}",
                                       record_scores(command, result), command.record,
                                       command.common.database.string()));
  }
  if (command.common.json) {
    for (const auto& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
    print_json(to_json(result));
  } else {
    print_table(result);
  }
  return 0;
}

void add_eval(App& app) {
  auto options = std::make_shared<EvalCommand>();
  CLI::App* eval =
      app.command("eval", "metrics on folders of images, .npz files, data sets or runs",
                  "assay eval --generated samples/ --reference fashion_mnist:test "
                  "--metrics fd,precision,recall");
  eval->add_option("--generated", options->generated,
                   "folder, .npz (images, features, logits, or codes, factors, codes_logvar), "
                   "DATASET:SPLIT or RUN; with --definition weights: FILE.safetensors, or the "
                   "folder of `assay export`")
      ->required();
  eval->add_option("--definition", options->definition,
                   "the experiment that weights made elsewhere are of: they are scored as it says, "
                   "with the noise of --seed")
      ->check(not_empty);
  eval->add_option(
      "--reference", options->reference,
      "the same; metrics of codes (mig, sap, total_correlation, …) and of samples alone (vendi, "
      "inception_score) need none, and a RUN without one is scored as its definition says");
  eval->add_option("--held-out", options->held_out,
                   "real data the model was not trained on, for ct and fld");
  eval->add_option("--metrics", options->metrics,
                   "a,b,… (default: the usual ones that the inputs allow; see metrics/README.md)")
      ->delimiter(',');
  eval->add_option(
          "--set", options->set,
          "an option of a metric: kid.subsets=100, or of how a RUN is sampled: sampler.steps=20")
      ->allow_extra_args(false);
  eval->add_option("--compat", options->compat,
                   "follow torch-fidelity, clean-fid, pytorch-fid, torchmetrics or prdc");
  eval->add_option("--extractor", options->extractor,
                   "efficientnet-lite0, fmnist-cnn, inception-v3, dinov2-vits14, … or pixels")
      ->capture_default_str();
  eval->add_option("--resize", options->resize,
                   "tf1-bilinear, pil-bicubic, bilinear or bilinear-antialias (default: the "
                   "extractor's own); lets a folder hold images of several sizes");
  eval->add_option("--weights", options->weights, "the extractor's weights file");
  eval->add_option("--device", options->device, "auto, cpu or cuda: where products are computed")
      ->capture_default_str();
  eval->add_option("--k", options->neighbours, "neighbours of precision, recall and their like")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  eval->add_option("--count", options->count,
                   "samples drawn from a RUN (default: what its definition evaluates)")
      ->check(CLI::NonNegativeNumber);
  eval->add_option_function<std::string>(
      "--seed", [options](const std::string& text) { options->seed = parse_one_seed(text); },
      "of samples drawn from a RUN (default: the samples that the run was scored by); with "
      "--record "
      "of the training that made them");
  eval->add_option("--record", options->record,
                   "store the scores of samples made elsewhere as a run of an experiment of this "
                   "name (--seed: of its training)")
      ->check(not_empty);
  eval->add_option("--data", options->data, "where the data of a RUN lie now")->check(not_empty);
  app.add_json(eval);
  app.act(eval, [&app, options] {
    options->common = app.common();
    return eval_command(*options);
  });
}

}  // namespace assay
