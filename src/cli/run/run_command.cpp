// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/commands/report_command.h"
#include "cli/run/targets.h"
#include "cli/run/work.h"
#include "cli/run/work_plan.h"
#include "cli/stored.h"
#include "cli/text/shell.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "harness/environment.h"
#include "results/queries.h"
#include "results/run_lock.h"
#include "results/run_queries.h"

namespace assay {
namespace {

struct RunCommand {
  TargetOptions targets;
  WorkOptions work;
  bool again = false;  // repeat what is complete
  std::string report;  // file; empty: the default place
};

// "28 experiments, 140 runs (12 complete already, 2 to be resumed), 18 claims; 2 at a time".
std::string work_text(const Plan& plan, const Work& work, int jobs) {
  std::set<std::string> ids;
  for (const PlannedRun& planned : plan.runs) ids.insert(planned.definition.id());
  const auto resumed = std::count_if(work.orders.begin(), work.orders.end(),
                                     [](const WorkOrder& order) { return order.resume; });
  const auto scored = std::count_if(work.orders.begin(), work.orders.end(),
                                    [](const auto& order) { return !order.parent.empty(); });
  const std::size_t runs = work.done.size() + work.orders.size();
  std::size_t claims = 0;
  for (const PlannedSuite& suite : plan.suites) claims += suite.claims.size();
  std::vector<std::string> notes;
  if (!work.done.empty()) {
    notes.push_back(
        fmt::format("{} complete already with this code: --again repeats them", work.done.size()));
  }
  if (resumed > 0) notes.push_back(fmt::format("{} resumed", resumed));
  if (scored > 0) notes.push_back(fmt::format("{} score the weights of others", scored));
  return fmt::format(
      "{} experiment{}, {} run{}{}{}; {} at a time", ids.size(), ids.size() == 1 ? "" : "s", runs,
      runs == 1 ? "" : "s", notes.empty() ? "" : fmt::format(" ({})", fmt::join(notes, "; ")),
      claims == 0 ? "" : fmt::format(", {} claim{}", claims, claims == 1 ? "" : "s"), jobs);
}

int run_command(const RunCommand& command) {
  const Plan plan = make_plan(command.targets);
  const auto file = command.report.empty()
                        ? default_report_file(report_name(command.targets.targets), "html")
                        : std::filesystem::path(command.report);
  check_report_file(file, "html");
  check_data(plan);
  const torch::Device device = pick_device(command.work.device);
  WorkOptions options = command.work;
  options.jobs = jobs_of(options);
  Database database = Database::open_for_writing(options.common.database);
  mark_abandoned(database);
  const Work work = plan_work(database, plan, device, options.common.threads, command.again);
  for (const auto& note : work.notes) fmt::print(stderr, "{}\n", note);
  if ((plan.runs.size() > 1 || !work.done.empty()) && !options.common.quiet) {
    fmt::print("{}\n", work_text(plan, work, options.jobs));
    std::fflush(stdout);
  }
  const int code = do_work(database, work.orders, options);
  std::vector<std::string> uuids = work.done;
  for (const auto& order : work.orders) uuids.push_back(order.uuid);
  uuids = recorded(database, uuids);
  print_runs(database, uuids);
  const bool interrupted = code == static_cast<int>(ExitCode::kInterrupted);
  if (!interrupted) judge_suites(database, plan.suites, uuids);
  std::vector<std::string> ids;
  for (const PlannedRun& planned : plan.runs) ids.push_back(planned.definition.id());
  std::vector<std::string> suites;
  for (const PlannedSuite& suite : plan.suites) suites.push_back(suite.name);
  write_report({options.common.database, ids, suites, plan.title, "", "html", file});
  fmt::print("\nreport: {}\n", file.string());
  if (interrupted) {
    const auto complete = std::count_if(uuids.begin(), uuids.end(), [&](const auto& uuid) {
      return find_run(database, uuid).status == "complete";
    });
    fmt::print("{} of {} runs are complete; the same command goes on{}:\n  {}\n", complete,
               work.done.size() + work.orders.size(),
               plan.suites.empty() ? "" : " and judges the claims at its end",
               this_command({"--again"}));
  }
  return code;
}

}  // namespace

void add_run(App& app) {
  auto options = std::make_shared<RunCommand>();
  options->work.jobs = 0;
  CLI::App* run = app.command("run", "run experiments and suites, then report",
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
  add_work_options(run, options->work);
  app.act(run, [&app, options] {
    options->work.common = app.common();
    return run_command(*options);
  });
}

}  // namespace assay
