// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "cli/run/run_command.h"
#include "cli/text/words.h"
#include "cli/version.h"
#include "core/error.h"
#include "core/paths.h"

namespace assay {
namespace {

std::filesystem::path default_database() {
  const char* given = std::getenv("ASSAY_DB");
  if (given != nullptr && *given != '\0') return given;
  return project_root() / "results" / "assay.sqlite";
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
  add_care();
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
                "repeat what is complete under the same id, data, seed and code");
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
  resume->add_option("--data", options->work.data, "where the data of these runs lie now")
      ->check(not_empty);
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
  worker->add_option("--label", options->order.label);
  worker->add_option("--experiment", options->order.experiment_id);
  worker->add_option("--seed", options->seeds)->allow_extra_args(false);
  worker->add_option("--options", options->order.options);
  worker->add_option("--definition", options->order.definition);
  worker->add_option("--data-digest", options->order.data_digest);
  worker->add_option("--parent", options->order.parent);
  worker->add_option("--data", options->work.data);
  worker->add_option("--source", options->order.source);
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
