// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/display.h"
#include "cli/text/table.h"
#include "core/error.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

Json view_json(const RunView& view) {
  const RunRow& row = view.row;
  Json losses = Json::object();
  for (const auto& loss : view.losses) losses[loss.name] = json_number(loss.value);
  return {{"run", row.number},
          {"uuid", row.uuid},
          {"experiment", row.experiment},
          {"seed", row.seed},
          {"status", row.status},
          {"reason", row.reason},
          {"phase", row.phase},
          {"images_seen", row.images_seen},
          {"images_total", row.images_total},
          {"images_per_second", json_number(row.images_per_second)},
          {"eta_seconds", view.eta_seconds < 0 ? Json() : json_number(view.eta_seconds)},
          {"losses", losses}};
}

// The newest runs that have ended, with the numbers by which other commands know them.
void print_ended(const Database& database) {
  constexpr std::size_t kMost = 20;
  std::vector<RunRow> ended;
  for (auto& row : runs(database)) {
    if (row.status != "running" && row.status != "interrupted") ended.push_back(std::move(row));
  }
  if (ended.empty()) return;
  const std::size_t first = ended.size() > kMost ? ended.size() - kMost : 0;
  fmt::print("{} ended{}:\n", ended.size(), first > 0 ? fmt::format(", the newest {}", kMost) : "");
  Table table({"run", "experiment", "seed", "status", "time"});
  for (std::size_t i = ended.size(); i-- > first;) {
    const RunRow& row = ended[i];
    const std::string why = row.reason.empty() ? "" : ": " + row.reason;
    table.add({std::to_string(row.number), row.experiment + (row.smoke ? " (smoke)" : ""),
               std::to_string(row.seed), row.status + why, duration_text(row.wall_seconds)});
  }
  fmt::print("{}", table.text());
}

void print_status(const std::filesystem::path& file) {
  const Database database = Database::open_for_reading(file);
  const auto running = running_runs(database);
  fmt::print("{}: {} running\n", file.string(), running.size());
  for (const RunRow& row : running) fmt::print("  {}\n", plain_line(view_of(database, row)));
  const auto interrupted = interrupted_runs(database);
  if (!interrupted.empty()) {
    fmt::print("{} interrupted (`assay resume` continues them):\n", interrupted.size());
  }
  for (const RunRow& row : interrupted) {
    fmt::print("  run {}  {} seed {}  at {}/{} images: {}\n", row.number,
               terminal_text(row.experiment), row.seed, row.images_seen, row.images_total,
               terminal_text(row.reason));
  }
  print_ended(database);
}

[[noreturn]] void watch_status(const std::filesystem::path& database) {
  for (;;) {
    fmt::print("\x1b[H\x1b[2J");
    print_status(database);
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int status_command(bool watch, const CommonOptions& options) {
  if (watch && options.json)
    throw Error("status --watch --json: --json prints one document; call it repeatedly instead");
  if (watch) watch_status(options.database);
  if (!options.json) {
    print_status(options.database);
    return 0;
  }
  const Database database = Database::open_for_reading(options.database);
  Json json = {{"running", Json::array()}, {"interrupted", Json::array()}};
  for (const RunRow& row : running_runs(database))
    json["running"].push_back(view_json(view_of(database, row)));
  for (const RunRow& row : interrupted_runs(database))
    json["interrupted"].push_back(view_json(view_of(database, row)));
  print_json(json);
  return 0;
}

}  // namespace

void add_status(App& app) {
  const auto watch = std::make_shared<bool>(false);
  CLI::App* status =
      app.command("status", "what runs now and what was interrupted", "assay status --watch");
  status->add_flag("--watch", *watch, "look every second");
  app.add_json(status);
  app.act(status, [&app, watch] { return status_command(*watch, app.common()); });
}

}  // namespace assay
