// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/targets.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "reports/gather.h"
#include "results/integrity.h"
#include "results/merge.h"

namespace assay {
namespace {

struct BaselineCommand {
  std::filesystem::path file;
  std::string suite;
  bool replace = false;
};

// The newest complete run of each seed, by number.
std::set<std::int64_t> frozen_runs(const BaselineCommand& command,
                                   const std::filesystem::path& database) {
  RunSelection selection;
  if (!command.suite.empty()) {
    TargetOptions members;
    members.targets = {command.suite};
    for (const auto& planned : make_plan(members).runs)
      selection.experiments.push_back(planned.definition.id());
  }
  std::set<std::int64_t> numbers;
  selection.with_hidden = true;
  const GatheredRuns gathered = gather_runs(std::span(&database, 1), selection);
  for (const RunGroup& group : gathered.groups) {
    for (const FoundRun& run : group.counted) numbers.insert(run.row.number);
  }
  if (!numbers.empty()) return numbers;
  throw Error(fmt::format("{}: holds no complete run{}; run something before it is frozen",
                          database.string(),
                          command.suite.empty() ? "" : " of suite " + command.suite));
}

// What is there may only be replaced where that is meant, and if it is a baseline.
void check_place(const BaselineCommand& command, const std::filesystem::path& database) {
  if (!path_exists(command.file)) return;
  std::error_code unknown;
  const bool source = std::filesystem::equivalent(command.file, database, unknown);
  if (!source && is_file(command.file) && is_baseline(command.file)) {
    if (command.replace) return;
    throw Error(fmt::format(
        "{}: is there already; a baseline changes only where that is meant: --replace, or another "
        "name",
        command.file.string()));
  }
  throw Error(
      fmt::format("{}: is there and no baseline, so it is not overwritten; take another name",
                  command.file.string()));
}

int save_baseline(const BaselineCommand& command, const CommonOptions& common) {
  check_place(command, common.database);
  const auto numbers = frozen_runs(command, common.database);
  // Beside it first, so that a baseline is there whole or not at all.
  std::filesystem::path beside = command.file;
  beside += ".new";
  remove_file(beside);
  Merged merged;
  {
    Database target = Database::open_for_writing(beside);
    merged =
        merge(target, common.database, {.runs = numbers, .verdicts = false, .checkpoints = false});
    mark_baseline(target);
  }
  move_file(beside, command.file);
  remove_tree(checkpoints_folder(beside));
  fmt::print("{}: {} frozen; `assay gate --baseline {}` holds others against them\n",
             terminal_text(command.file.string()), counted_text(merged.runs, "run"),
             terminal_text(command.file.string()));
  return 0;
}

}  // namespace

void add_baseline(App& app) {
  auto options = std::make_shared<BaselineCommand>();
  CLI::App* baseline =
      app.command("baseline", "freeze results that `assay gate` holds others against",
                  "assay baseline save ci/baseline.sqlite --suite smoke");
  CLI::App* save = baseline->add_subcommand("save", "the newest complete run of each seed");
  baseline->require_subcommand(1);
  save->footer("Example: assay baseline save ci/baseline.sqlite --suite smoke");
  save->add_option("FILE", options->file, "database that is written")->required()->check(not_empty);
  save->add_option("--suite", options->suite, "only this suite's experiments")->check(not_empty);
  save->add_flag("--replace", options->replace, "overwrite a baseline that is there");
  app.act(baseline, [&app, options] { return save_baseline(*options, app.common()); });
}

}  // namespace assay
