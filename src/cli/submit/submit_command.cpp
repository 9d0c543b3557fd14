// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/process.h"
#include "cli/run/data_digests.h"
#include "cli/run/targets.h"
#include "cli/submit/array_script.h"
#include "cli/text/words.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/paths.h"
#include "core/shell_words.h"
#include "harness/environment.h"
#include "results/queries.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

struct SubmitCommand {
  TargetOptions targets;
  bool slurm = false;  // the only scheduler so far
  fs::path folder;
  std::string device = "auto";
  std::int64_t jobs = 0;
  std::vector<std::string> sbatch;
};

// Slurm takes no larger arrays unless it is told to (MaxArraySize).
constexpr std::size_t kLargestArray = 1000;

// A planned run, and the name of the files that it leaves in the folder.
struct SubmittedRun {
  const PlannedRun* planned;
  std::string id;
  std::optional<std::string> data;  // nothing if they are not on this machine
  std::string name;
};

// "vae-fashion_mnist-1a2b3c4d-seed0", and of data that lie in a place of their own which they are:
// of letters that no shell and no file system reads otherwise.
std::string task_name(const PlannedRun& run, const std::string& id,
                      const std::optional<std::string>& data) {
  const std::string& place = run.definition.text("dataset.path");
  const std::string which = place.empty() ? "" : data.value_or(sha256_hex(place)).substr(0, 8);
  std::string name =
      fmt::format("{}-{}{}{}-seed{}{}", run.definition.name, id.substr(0, 8),
                  which.empty() ? "" : "-", which, run.seed, run.smoke ? "-smoke" : "");
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  };
  std::ranges::replace_if(
      name, [&](char c) { return !is_plain(static_cast<unsigned char>(c)); }, '-');
  return name;
}

std::vector<SubmittedRun> runs_of(const Plan& plan) {
  std::vector<SubmittedRun> submitted;
  std::set<std::string> names;
  DataDigests digests;
  for (const PlannedRun& run : plan.runs) {
    const std::string id = run.definition.id();
    const auto& data = digests.of(run.definition);
    SubmittedRun one{&run, id, data, task_name(run, id, data)};
    if (names.insert(one.name).second) submitted.push_back(std::move(one));
  }
  return submitted;
}

// Whether the folder holds it, made by today's code.
bool is_complete(const SubmittedRun& run, const fs::path& folder, const std::string& code) {
  const fs::path file = folder / (run.name + ".sqlite");
  if (!path_exists(file)) return false;
  const auto stored = runs(Database::open_for_reading(file), {.status = "complete"});
  return std::ranges::any_of(stored, [&](const RunRow& row) {
    return row.experiment_id == run.id && row.seed == run.planned->seed &&
           (!run.data || row.data_digest == run.data) && row.smoke == run.planned->smoke &&
           row.code_digest == code;
  });
}

// Of what was submitted before: "JOB TASK NAME" a line.
fs::path journal_of(const fs::path& folder) { return folder / "submitted"; }

ProcessResult slurm(const std::vector<std::string>& words) {
  ProcessResult result = run_process(words);
  if (result.exit_code == 0) return result;
  throw Error(
      result.exit_code == 127
          ? fmt::format("submit: {} is not on PATH; submit from a machine of the Slurm cluster",
                        words.front())
          : fmt::format("submit: {} failed (exit {}), as it says above; nothing more was submitted",
                        words.front(), result.exit_code));
}

// Names of the runs that wait or run now.
std::set<std::string> alive_in(const fs::path& folder) {
  if (!path_exists(journal_of(folder))) return {};
  const std::string queue =
      slurm({"squeue", "--noheader", "--me", "--array", "--format=%F_%K"}).output;
  std::set<std::string> tasks;
  std::istringstream lines(queue);
  for (std::string task; lines >> task;) tasks.insert(task);
  std::set<std::string> alive;
  std::istringstream journal(read_file(journal_of(folder)));
  for (std::string job, task, name; journal >> job >> task >> name;) {
    if (tasks.contains(fmt::format("{}_{}", job, task))) alive.insert(name);
  }
  return alive;
}

ArrayTask task_of(const SubmittedRun& run, const SubmitCommand& command, int threads) {
  const PlannedRun& planned = *run.planned;
  std::string words = fmt::format("{} --seeds {}", shell_word(planned.source), planned.seed);
  if (!planned.options.empty()) words += " " + planned.options;
  if (planned.smoke) words += " --smoke";
  words += fmt::format(" --device {} --threads {} --jobs 1", shell_word(command.device), threads);
  return {run.name, words};
}

// Returns the job's number.
std::string submit(const std::vector<ArrayTask>& tasks, const ArrayOptions& options) {
  std::string journal = path_exists(journal_of(options.folder))
                            ? read_file(journal_of(options.folder))
                            : std::string();
  // A script of its own each time: Slurm may read it when a task begins.
  std::size_t number = 0;
  const auto script = [&] { return options.folder / fmt::format("array-{}.sh", number); };
  while (path_exists(script())) ++number;
  write_file_atomically(script(), array_script(tasks, options));
  const std::string answer = slurm(sbatch_words(script(), tasks.size(), options)).output;
  const std::string job = answer.substr(0, answer.find_first_of(";\n"));
  const bool is_number =
      !job.empty() && std::ranges::all_of(job, [](unsigned char c) { return std::isdigit(c); });
  if (!is_number)
    throw Error(fmt::format("submit: sbatch answered '{:.100}' and no job's number", answer));
  for (std::size_t i = 0; i < tasks.size(); ++i)
    journal += fmt::format("{} {} {}\n", job, i, tasks[i].name);
  write_file_atomically(journal_of(options.folder), journal);
  return job;
}

void print_next(const SubmitCommand& command, const fs::path& folder, bool all_complete) {
  if (!all_complete) {
    fmt::print("the same command again says how far they are, and submits anew what has died\n");
    return;
  }
  std::string targets;
  for (const auto& target : command.targets.targets) targets += " " + shell_word(target);
  fmt::print(
      "all are complete: `assay merge {}/*.sqlite --into all.sqlite` unites them, and `assay "
      "run{} --db all.sqlite` with the options of this command judges claims and reports\n",
      shell_word(folder.string()), targets);
}

int submit_command(const SubmitCommand& command, const CommonOptions& common) {
  const Plan plan = make_plan(command.targets);
  const fs::path folder =
      absolute_path(command.folder.empty() ? project_root() / "results" / "slurm" /
                                                 report_name(command.targets.targets)
                                           : command.folder);
  const std::string code = this_commit().code_digest;
  const auto alive = alive_in(folder);
  const auto all = runs_of(plan);
  std::vector<ArrayTask> tasks;
  std::int64_t complete = 0, waiting = 0;
  for (const SubmittedRun& run : all) {
    if (is_complete(run, folder, code)) {
      ++complete;
    } else if (alive.contains(run.name)) {
      ++waiting;
    } else {
      tasks.push_back(task_of(run, command, common.threads));
    }
  }
  ArrayOptions options{this_program(), folder,       "assay-" + plan.title,
                       common.threads, command.jobs, command.sbatch};
  std::ranges::replace(options.job_name, '/', '-');
  make_folder(folder / "logs");
  fmt::print("{}: {} complete, {} queued or running, {} to submit\n",
             counted_text(std::ssize(all), "run"), complete, waiting, tasks.size());
  for (std::size_t first = 0; first < tasks.size(); first += kLargestArray) {
    const auto begin = tasks.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(kLargestArray, tasks.size() - first);
    const std::vector<ArrayTask> part(begin, begin + static_cast<std::ptrdiff_t>(count));
    fmt::print("job {}: {} into {}\n", submit(part, options),
               counted_text(std::ssize(part), "task"), folder.string());
  }
  print_next(command, folder, complete == std::ssize(all));
  return 0;
}

// A line of its own would be another option.
std::string one_line(const std::string& text) {
  const bool is_option = text.starts_with('-');
  const bool broken = text.find('\n') != std::string::npos;
  return is_option && !broken ? "" : "is an option of sbatch, as --sbatch=--partition=long";
}

}  // namespace

void add_submit(App& app) {
  auto options = std::make_shared<SubmitCommand>();
  CLI::App* submit =
      app.command("submit", "runs as array jobs of a Slurm cluster, each with its own database",
                  "assay submit demo --slurm --sbatch=--time=2:00:00");
  submit
      ->add_option("TARGET", options->targets.targets,
                   "names of experiments or suites, or TOML files")
      ->required();
  submit->add_flag("--slurm", options->slurm, "the scheduler, which has to be said")->required();
  submit->add_option("--seeds", options->targets.seeds, "0,1,2 or 0..4 (both ends included)")
      ->check(not_empty);
  submit->add_option("--set", options->targets.set, "key=value, changes the definition")
      ->allow_extra_args(false);
  submit->add_option("--sweep", options->targets.sweep, "key=a,b,c: one run for each value")
      ->allow_extra_args(false);
  submit->add_flag("--smoke", options->targets.smoke, "cut every experiment to seconds");
  submit
      ->add_option("--folder", options->folder,
                   "where scripts, logs and databases go, on a disk that the nodes share "
                   "(default: results/slurm/TARGET)")
      ->check(not_empty);
  submit->add_option("--device", options->device, "auto, cpu or cuda")->capture_default_str();
  submit->add_option("--jobs", options->jobs, "tasks at a time (default: as many as fit)")
      ->check(CLI::Range(1, 100000));
  submit->add_option("--sbatch", options->sbatch, "further options of sbatch, as they are")
      ->allow_extra_args(false)
      ->check(one_line);
  app.act(submit, [&app, options] { return submit_command(*options, app.common()); });
}

}  // namespace assay
