// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "cli/data_command.h"
#include "cli/eval_command.h"
#include "cli/report_command.h"
#include "cli/run_command.h"
#include "cli/sample_command.h"
#include "cli/show_command.h"
#include "cli/verify_command.h"
#include "cli/version.h"
#include "cli/words.h"
#include "core/error.h"
#include "core/paths.h"

namespace assay {
namespace {

std::filesystem::path default_database() {
  const char* given = std::getenv("ASSAY_DB");
  if (given != nullptr && *given != '\0') return given;
  return project_root() / "results" / "assay.sqlite";
}

std::string not_empty(const std::string& text) {
  return text.empty() ? "needs a value; leave the option out for the default" : "";
}

void add_run_options(CLI::App* command, WorkOptions& work) {
  command->add_option("--device", work.device, "auto, cpu or cuda")->capture_default_str();
  command
      ->add_option("--jobs", work.jobs,
                   "runs at a time (default: as many as cores, one thread each)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--max-minutes", work.max_minutes, "save checkpoints and stop after so long")
      ->check(CLI::Range(0.001, 1e6));
  auto* fast =
      command->add_flag("--fail-fast", work.fail_fast, "start no further run after one failed");
  command
      ->add_flag_callback(
          "--keep-going", [] {}, "go on after a failed run (the default)")
      ->excludes(fast);
}

}  // namespace

App::App()
    : app_("assay: seeded experiments on generative models, their metrics and reports", "assay") {
  common_.database = default_database();
  app_.require_subcommand(1);
  app_.set_version_flag("--version", std::string("assay ") + kVersion);
  app_.footer("Start with `assay list`, `assay run demo` or `assay COMMAND --help`.");
  // Before or after the command.
  app_.fallthrough();
  app_.add_option("--db", common_.database,
                  "database (default: ASSAY_DB, else results/assay.sqlite)");
  app_.add_option("--threads", common_.threads,
                  "threads within a run; part of its record, results may differ in the last bits")
      ->check(CLI::Range(1, 1024));
  app_.add_flag("--quiet", common_.quiet, "no progress");
  app_.add_flag("--debug", common_.debug, "show internal errors in full");
  add_run();
  add_resume();
  add_looking();
  add_report();
  add_eval();
  add_sample();
  add_data();
  add_worker();
}

CLI::App* App::command(const std::string& name, const std::string& what,
                       const std::string& example) {
  CLI::App* added = app_.add_subcommand(name, what);
  added->footer("Example: " + example);
  return added;
}

void App::add_run() {
  auto options = std::make_shared<RunCommand>();
  options->work.jobs = 0;
  CLI::App* run = command("run", "run experiments and suites, then report",
                          "assay run vae/fashion_mnist --seeds 0..2 --set train.images=100000");
  run->add_option("TARGET", options->targets.targets,
                  "names of experiments or suites, or TOML files")
      ->required();
  run->add_option("--seeds", options->targets.seeds, "0,1,2 or 0..4 (both ends included)")
      ->check(not_empty);
  run->add_option("--set", options->targets.set, "key=value, changes the definition")
      ->allow_extra_args(false);
  run->add_option("--sweep", options->targets.sweep, "key=a,b,c: one run for each value")
      ->allow_extra_args(false);
  run->add_flag("--smoke", options->targets.smoke, "cut every experiment to seconds");
  run->add_flag("--again", options->again,
                "repeat what is complete under the same id, seed and commit");
  run->add_option("--report", options->report,
                  "where the report goes (default: reports/out/TARGET.html)");
  add_run_options(run, options->work);
  actions_.emplace_back(run, [this, options] {
    options->work.common = common_;
    return run_command(*options);
  });
}

void App::add_resume() {
  struct Options {
    std::vector<std::string> runs;
    WorkOptions work;
  };
  auto options = std::make_shared<Options>();
  options->work.jobs = 0;
  CLI::App* resume = command("resume", "continue interrupted runs from their newest checkpoint",
                             "assay resume 12");
  resume->add_option("RUN", options->runs,
                     "numbers or uuid prefixes (default: all that were interrupted)");
  add_run_options(resume, options->work);
  actions_.emplace_back(resume, [this, options] {
    options->work.common = common_;
    return resume_command(options->runs, options->work);
  });
}

void App::add_worker() {
  struct Options {
    std::vector<std::string> uuids;
    std::vector<std::uint64_t> seeds;
    WorkOrder order;  // what they have in common
    WorkOptions work;
  };
  auto options = std::make_shared<Options>();
  CLI::App* worker =
      command("worker", "does one run, or several seeds as one model; started by run and resume",
              "assay worker --uuid …");
  worker->group("");
  worker->add_option("--uuid", options->uuids)->required()->allow_extra_args(false);
  worker->add_option("--experiment", options->order.experiment_id);
  worker->add_option("--seed", options->seeds)->allow_extra_args(false);
  worker->add_option("--options", options->order.options);
  worker->add_flag("--smoke", options->order.smoke);
  worker->add_flag("--resume", options->order.resume);
  worker->add_option("--device", options->work.device);
  worker->add_option("--jobs", options->work.jobs);
  worker->add_option("--max-minutes", options->work.max_minutes);
  actions_.emplace_back(worker, [this, options] {
    options->work.common = common_;
    WorkGroup group(options->uuids.size(), options->order);
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i].uuid = options->uuids[i];
      if (!options->order.resume) group[i].seed = options->seeds.at(i);
    }
    return work(group, options->work);
  });
}

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
  verify->add_option("RUN", options->run, "number or uuid prefix")->required();
  actions_.emplace_back(list, [this] { return list_command(common_); });
  actions_.emplace_back(describe, [this, options] {
    return describe_command(options->target, options->set, options->smoke, common_);
  });
  actions_.emplace_back(status,
                        [this, options] { return status_command(options->watch, common_); });
  actions_.emplace_back(
      show, [this, options] { return show_command(options->run, options->artifacts, common_); });
  actions_.emplace_back(verify, [this, options] { return verify_command(options->run, common_); });
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
    auto targets = options->targets;
    if (!options->suite.empty()) {
      require_suite(options->suite);
      targets.push_back(options->suite);
    }
    if (!targets.empty()) choose_targets(options->report, targets);
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
  eval->add_option("--reference", options->reference,
                   "the same; metrics of codes (mig, sap, total_correlation, …) need none");
  eval->add_option("--held-out", options->held_out,
                   "real data the model was not trained on, for ct and fld");
  eval->add_option("--metrics", options->metrics,
                   "a,b,… (default: the usual ones that the inputs allow; see metrics/README.md)")
      ->delimiter(',');
  eval->add_option("--set", options->set, "an option of a metric: kid.subsets=100")
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
  eval->add_option("--seed", options->seed, "of samples drawn from a RUN");
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
  sample->add_option("--seed", options->seed, "of the latents")->capture_default_str();
  sample->add_option("--set", options->set, "sampler.key=value")->allow_extra_args(false);
  sample->add_option("--device", options->device, "auto, cpu or cuda")->capture_default_str();
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
  CLI::App* doctor = command("doctor", "what is missing or wrong here, and how to mend it",
                             "assay doctor --db results/assay.sqlite");
  CLI::App* prune = command("prune",
                            "delete the pictures that no report shows, to keep or send a "
                            "database: all but the last samples of every seed but the lowest",
                            "assay prune --db results/assay.sqlite");
  actions_.emplace_back(prune, [this] { return prune_command(common_); });
  actions_.emplace_back(verify, [options] { return data_verify_command(options->target); });
  actions_.emplace_back(fetch, [options] { return data_fetch_command(options->target); });
  actions_.emplace_back(list, [this] { return data_list_command(common_); });
  actions_.emplace_back(data, [this] { return data_list_command(common_); });
  actions_.emplace_back(doctor, [this] { return doctor_command(common_, app_.count("--db") > 0); });
}

int App::run(int argc, char** argv) {
  check_words(app_, argc, argv);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::Success& wish) {
    return app_.exit(wish);
  } catch (const CLI::ParseError& problem) {
    throw Error(fmt::format("{}; see `assay --help` or `assay COMMAND --help`", problem.what()));
  }
  for (const auto& [command, action] : actions_) {
    if (command->parsed()) return action();
  }
  throw Error("no command was given; see `assay --help`");
}

}  // namespace assay
