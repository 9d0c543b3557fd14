// SPDX-License-Identifier: Apache-2.0
#include "results/merge.h"

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/text/words.h"
#include "core/error.h"

namespace assay {
namespace {

struct MergeCommand {
  std::vector<std::string> sources;
  std::filesystem::path into;
};

int merge_command(const MergeCommand& command) {
  // All of them are opened before anything is written.
  for (const auto& source : command.sources) Database::open_for_reading(source);
  Database target = Database::open_for_writing(command.into);
  std::size_t left = 0;
  for (const auto& source : command.sources) {
    const Merged merged = merge(target, source);
    fmt::print("{}: {} copied, {} renewed, {} known already; {} copied\n", terminal_text(source),
               counted_text(merged.runs, "run"), merged.renewed, merged.known,
               counted_text(merged.verdicts, "verdict"));
    for (const auto& run : merged.left) fmt::print("  left for later: {}\n", terminal_text(run));
    left += merged.left.size();
  }
  if (left == 0) return 0;
  // A script that deletes the sources after exit 0 must not lose a run.
  fmt::print(stderr,
             "{} not in {} yet, because it is at work: the same command again, when it has ended, "
             "takes it\n",
             counted_text(static_cast<std::int64_t>(left), "run"),
             terminal_text(command.into.string()));
  return static_cast<int>(ExitCode::kInterrupted);
}

}  // namespace

void add_merge(App& app) {
  auto options = std::make_shared<MergeCommand>();
  CLI::App* merge =
      app.command("merge", "unite databases: runs, scores, weights; again changes nothing",
                  "assay merge node1.sqlite node2.sqlite --into all.sqlite");
  merge->add_option("DB", options->sources, "databases to take from")->required();
  merge->add_option("--into", options->into, "database that gets what it lacks")
      ->required()
      ->check(not_empty);
  app.act(merge, [options] { return merge_command(*options); });
}

}  // namespace assay
