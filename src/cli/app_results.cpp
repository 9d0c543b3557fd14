// SPDX-License-Identifier: Apache-2.0
// The commands that start no run: they look at results, score, sample and take care of files.
#include <fmt/format.h>

#include "cli/app.h"
#include "cli/commands/data_command.h"
#include "cli/commands/report_command.h"
#include "cli/commands/sample_command.h"
#include "cli/commands/show_command.h"
#include "cli/commands/verify_command.h"
#include "cli/eval/eval_command.h"
#include "cli/text/words.h"
#include "config/suite.h"

namespace assay {

void App::add_looking() {
  struct Options {
    std::string target, run, artifacts;
    std::vector<std::string> set;
    bool smoke = false, watch = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* list = command("list", "experiments and suites, with their last results", "assay list");
  CLI::App* describe =
      command("describe",
              "a definition: every value, and where it comes from; a suite: members, claims, cost",
              "assay describe vae/fashion_mnist --set model.latent_dim=20");
  describe->add_option("TARGET", options->target, "name or TOML file of an experiment or suite")
      ->required();
  describe->add_option("--set", options->set, "key=value")->allow_extra_args(false);
  describe->add_flag("--smoke", options->smoke, "as --smoke would run it");
  CLI::App* status =
      command("status", "what runs now and what was interrupted", "assay status --watch");
  status->add_flag("--watch", options->watch, "look every second");
  CLI::App* show =
      command("show", "one run: definition, machine, metrics with their protocol", "assay show 12");
  show->add_option("RUN", options->run, "number or uuid prefix")->required();
  show->add_option("--artifacts", options->artifacts,
                   "write the run's pictures and tables into this folder instead")
      ->check(not_empty);
  for (CLI::App* one : {list, describe, status, show})
    one->add_flag("--json", common_.json, "one JSON document");
  CLI::App* verify =
      command("verify", "repeat a stored run and compare every value", "assay verify 12");
  const auto repeated = std::make_shared<VerifyCommand>();
  verify->add_option("RUN", repeated->run, "number or uuid prefix")->required();
  verify->add_flag("--scores-only", repeated->scores_only,
                   "start from the stored weights: only the scores at the start and the end");
  verify->add_option("--data", repeated->data, "where its data lie now")->check(not_empty);
  actions_.emplace_back(list, [this] { return list_command(common_); });
  actions_.emplace_back(describe, [this, options] {
    return describe_command(options->target, options->set, options->smoke, common_);
  });
  actions_.emplace_back(status,
                        [this, options] { return status_command(options->watch, common_); });
  actions_.emplace_back(
      show, [this, options] { return show_command(options->run, options->artifacts, common_); });
  actions_.emplace_back(verify, [this, repeated] {
    repeated->common = common_;
    return verify_command(*repeated);
  });
}

void App::add_report() {
  struct Options {
    std::string suite;
    std::vector<std::string> targets;
    ReportCommand report;
  };
  auto options = std::make_shared<Options>();
  CLI::App* report = command("report", "a comparison report from the database alone",
                             "assay report --suite demo --out demo.html");
  report->add_option("TARGET", options->targets, "only these experiments and suites");
  report->add_option("--suite", options->suite, "only this suite's experiments");
  report->add_option("--out", options->report.file, "file (default: reports/out/…)");
  report->add_option("--format", options->report.format, "html, md, csv or json")
      ->capture_default_str();
  actions_.emplace_back(report, [this, options] {
    options->report.database = common_.database;
    options->report.title = common_.database.stem().string();
    options->report.name = report_name(common_.database);
    auto targets = options->targets;
    if (!options->suite.empty()) {
      require_suite(options->suite);
      targets.push_back(options->suite);
    }
    if (!targets.empty()) choose_targets(options->report, targets);
    require_runs(options->report);
    const auto file = write_report(options->report);
    fmt::print("report: {}\n", file.string());
    return 0;
  });
}

void App::add_eval() {
  auto options = std::make_shared<EvalCommand>();
  CLI::App* eval = command("eval", "metrics on folders of images, .npz files, data sets or runs",
                           "assay eval --generated samples/ --reference fashion_mnist:test "
                           "--metrics fd,precision,recall");
  eval->add_option("--generated", options->generated,
                   "folder, .npz (images, features, logits, or codes, factors, codes_logvar), "
                   "DATASET:SPLIT or RUN")
      ->required();
  eval->add_option(
      "--reference", options->reference,
      "the same; metrics of codes (mig, sap, total_correlation, …) need none, and a RUN "
      "without one is scored as its definition says");
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
      "of samples drawn from a RUN (default: the samples that the run was scored by)");
  eval->add_option("--data", options->data, "where the data of a RUN lie now")->check(not_empty);
  eval->add_flag("--json", common_.json, "one JSON document");
  actions_.emplace_back(eval, [this, options] {
    options->common = common_;
    return eval_command(*options);
  });
}

void App::add_sample() {
  auto options = std::make_shared<SampleCommand>();
  CLI::App* sample = command("sample", "images from a run's weights",
                             "assay sample 12 --count 64 --out samples.png");
  sample->add_option("RUN", options->run, "number or uuid prefix")->required();
  sample->add_option("--count", options->count, "how many")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  sample->add_option("--out", options->out, "a folder, FILE.png (one picture) or FILE.npz");
  sample
      ->add_option_function<std::string>(
          "--seed", [options](const std::string& text) { options->seed = parse_one_seed(text); },
          "of the latents")
      ->default_str("0");
  sample->add_option("--set", options->set, "sampler.key=value, or eval.weights=raw")
      ->allow_extra_args(false);
  sample->add_option("--device", options->device, "auto, cpu or cuda")->capture_default_str();
  sample->add_option("--data", options->data, "where the run's data lie now")->check(not_empty);
  actions_.emplace_back(sample, [this, options] {
    options->common = common_;
    return sample_command(*options);
  });
}

void App::add_data() {
  struct Options {
    std::string target;
  };
  auto options = std::make_shared<Options>();
  CLI::App* data = command("data", "data sets: where found, licence, how to get them",
                           "assay data verify fashion_mnist");
  data->require_subcommand(0, 1);
  CLI::App* list = data->add_subcommand("list", "every data set (the default)");
  data->add_flag("--json", common_.json, "one JSON document");
  CLI::App* verify =
      data->add_subcommand("verify", "read a data set or a folder whole and check it");
  verify->add_option("NAME|FOLDER", options->target)->required();
  CLI::App* fetch =
      data->add_subcommand("fetch", "where a data set or weights are published and belong");
  fetch->add_option("NAME", options->target, "a data set, or an extractor")->required();
  actions_.emplace_back(verify, [options] { return data_verify_command(options->target); });
  actions_.emplace_back(fetch, [options] { return data_fetch_command(options->target); });
  actions_.emplace_back(list, [this] { return data_list_command(common_); });
  actions_.emplace_back(data, [this] { return data_list_command(common_); });
}

void App::add_care() {
  CLI::App* doctor = command("doctor", "what is missing or wrong here, and how to mend it",
                             "assay doctor --db results/assay.sqlite");
  CLI::App* prune = command("prune",
                            "delete the pictures that no report shows, to keep or send a "
                            "database: all but the last samples of every seed but the lowest",
                            "assay prune --db results/assay.sqlite");
  actions_.emplace_back(prune, [this] { return prune_command(common_); });
  actions_.emplace_back(doctor, [this] { return doctor_command(common_, app_.count("--db") > 0); });
}

}  // namespace assay
