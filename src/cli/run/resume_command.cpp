// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/work.h"
#include "cli/run/work_plan.h"
#include "cli/stored.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "core/folder.h"
#include "results/queries.h"
#include "results/run_lock.h"
#include "results/run_queries.h"

namespace assay {
namespace {

void say_if_it_begins_again(const Database& database, const RunRow& row) {
  if (row.images_seen == 0 || row.parent_uuid || sound_checkpoint(database, row.number)) return;
  fmt::print(stderr, "run {}: its checkpoints are gone or damaged, so that it begins at 0 again\n",
             row.number);
}

// What is to be done, and what of it is refused: that stops no other.
struct Resumed {
  std::vector<WorkOrder> orders;
  ExitCode refused = ExitCode::kFine;
};

Resumed orders_of(const Database& database, const std::vector<RunRow>& rows) {
  Resumed all;
  for (const RunRow& row : rows) {
    if (row.status != "interrupted" && row.status != "failed") {
      fmt::print(stderr, "run {} is {}; only interrupted and failed runs can be resumed\n",
                 row.number, row.status);
      all.refused = ExitCode::kUsage;
      continue;
    }
    const bool twice =
        std::ranges::find(all.orders, row.uuid, &WorkOrder::uuid) != all.orders.end();
    if (twice) continue;
    try {
      const WorkOrder order = order_to_resume(database, row);
      say_if_it_begins_again(database, row);
      all.orders.push_back(order);
    } catch (const Error& problem) {
      fmt::print(stderr, "run {} cannot be resumed: {}\n", row.number, problem.what());
      all.refused = problem.code();
    }
  }
  return all;
}

// A worker that was killed holds its lock for a moment more, on a busy machine a long one.
std::vector<RunRow> interrupted_or_dying(Database& database) {
  constexpr int kLooks = 40;
  auto rows = interrupted_runs(database);
  for (int i = 0; i < kLooks && rows.empty(); ++i) {
    if (running_runs(database).empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    mark_abandoned(database);
    rows = interrupted_runs(database);
  }
  return rows;
}

int resume_command(const std::vector<std::string>& wanted, const WorkOptions& work) {
  WorkOptions options = work;
  options.jobs = jobs_of(options);
  if (!path_exists(options.common.database)) Database::open_for_reading(options.common.database);
  Database database = Database::open_for_writing(options.common.database);
  mark_abandoned(database);
  std::vector<RunRow> rows;
  if (wanted.empty()) rows = interrupted_or_dying(database);
  for (const auto& text : wanted) rows.push_back(find_run(database, text));
  const auto [orders, refused] = orders_of(database, rows);
  if (orders.empty() && refused != ExitCode::kFine) return static_cast<int>(refused);
  if (orders.empty()) {
    fmt::print("nothing is interrupted in {}\n", options.common.database.string());
    return 0;
  }
  const int code = do_work(database, orders, options);
  std::vector<std::string> uuids;
  for (const auto& order : orders) uuids.push_back(order.uuid);
  print_runs(database, uuids);
  fmt::print(
      "`assay run` with the targets of these runs starts what had not begun, judges claims and "
      "writes the report\n");
  return code == 0 ? static_cast<int>(refused) : code;
}

}  // namespace

void add_resume(App& app) {
  struct Options {
    std::vector<std::string> runs;
    WorkOptions work;
  };
  auto options = std::make_shared<Options>();
  options->work.jobs = 0;
  CLI::App* resume = app.command("resume", "continue interrupted runs from their newest checkpoint",
                                 "assay resume 12");
  resume->add_option("RUN", options->runs,
                     "numbers or uuid prefixes (default: all that were interrupted)");
  resume->add_option("--data", options->work.data, "where the data of these runs lie now")
      ->check(not_empty);
  add_work_options(resume, options->work);
  app.act(resume, [&app, options] {
    options->work.common = app.common();
    return resume_command(options->runs, options->work);
  });
}

}  // namespace assay
