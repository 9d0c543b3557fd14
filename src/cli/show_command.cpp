// SPDX-License-Identifier: Apache-2.0
#include "cli/show_command.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "cli/display.h"
#include "cli/table.h"
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
    fmt::print("  run {}  {} seed {}  at {}/{} images: {}\n", row.number, row.experiment, row.seed,
               row.images_seen, row.images_total, row.reason);
  }
  print_ended(database);
}

Json metrics_json(const std::vector<MetricRow>& metrics) {
  Json all = Json::array();
  for (const MetricRow& metric : metrics) {
    all.push_back({{"name", metric.name},
                   {"images_seen", metric.images_seen},
                   {"value", json_number(metric.value)},
                   {"standard_error", json_number(metric.standard_error)},
                   {"protocol_id", metric.protocol_id},
                   {"protocol", metric.protocol}});
  }
  return all;
}

Json run_json(const Database& database, const RunRow& row) {
  const ExperimentRow experiment = experiment_of(database, row.experiment_id);
  const MachineRow machine = machine_of(database, row.machine_id);
  Json losses = Json::object();
  for (const auto& loss : final_series_of(database, row.number))
    losses[loss.name] = json_number(loss.value);
  Json speeds = Json::array();
  for (const auto& speed : throughput_of(database, row.number)) {
    speeds.push_back({{"phase", speed.phase},
                      {"images_per_second", json_number(speed.images_per_second)},
                      {"images_per_second_mad", json_number(speed.images_per_second_mad)},
                      {"n", speed.n}});
  }
  Json events = Json::array();
  for (const auto& event : events_of(database, row.number)) {
    events.push_back({{"at", event.at},
                      {"images_seen", event.images_seen},
                      {"kind", event.kind},
                      {"text", event.text}});
  }
  return {{"run", row.number},
          {"uuid", row.uuid},
          {"experiment", row.experiment},
          {"family", row.family},
          {"seed", row.seed},
          {"status", row.status},
          {"reason", row.reason},
          {"definition", experiment.definition},
          {"id", row.experiment_id},
          {"commit", row.commit_id},
          {"dirty", row.dirty},
          {"smoke", row.smoke},
          {"machine",
           {{"cpu", machine.cpu},
            {"flags", machine.flags},
            {"cores", machine.cores},
            {"gpu", machine.gpu},
            {"driver", machine.driver},
            {"memory_bytes", machine.memory_bytes},
            {"os", machine.os},
            {"compiler", machine.compiler},
            {"libtorch", machine.libtorch}}},
          {"device", row.device},
          {"threads", row.threads},
          {"jobs", row.jobs},
          {"started_at", row.started_at},
          {"images_seen", row.images_seen},
          {"images_total", row.images_total},
          {"resumed_at", resumed_at(database, row.number)},
          {"metrics", metrics_json(metrics_of(database, row.number))},
          {"losses", losses},
          {"throughput", speeds},
          {"events", events},
          {"state_hash", row.state_hash},
          {"wall_seconds", json_number(row.wall_seconds)},
          {"peak_memory_bytes", row.peak_memory_bytes}};
}

std::string protocol_text(const Protocol& protocol) {
  std::string text;
  for (const auto& [field, value] : protocol) {
    const std::string shown = value.size() == 64 ? value.substr(0, 12) + "…" : value;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", field, shown);
  }
  return text;
}

void print_run(const Database& database, const RunRow& row) {
  const MachineRow machine = machine_of(database, row.machine_id);
  fmt::print("run {}  {} seed {}  {}{}\n", row.number, row.experiment, row.seed, row.status,
             row.reason.empty() ? "" : ": " + row.reason);
  fmt::print(
      "uuid        {}\nid          {}\ncommit      {}{}\nmachine     {} ({}), {} thread(s), {}\n",
      row.uuid, row.experiment_id, row.commit_id, row.dirty ? " (dirty)" : "", machine.cpu,
      machine.flags, row.threads, row.device);
  fmt::print("images      {}/{}\ntime        {}\npeak memory {} MiB\nstate hash  {}\n",
             row.images_seen, row.images_total, duration_text(row.wall_seconds),
             row.peak_memory_bytes >> 20, row.state_hash);
  Table metrics({"metric", "images seen", "value", "± se", "protocol"});
  for (const MetricRow& metric : metrics_of(database, row.number)) {
    metrics.add({metric.name, std::to_string(metric.images_seen), short_number(metric.value),
                 std::isfinite(metric.standard_error) ? short_number(metric.standard_error) : "",
                 protocol_text(metric.protocol)});
  }
  Table losses({"loss", "last value"});
  for (const auto& loss : final_series_of(database, row.number))
    losses.add({loss.name, short_number(loss.value)});
  Table speeds({"phase", "images/s", "± MAD", "n"});
  for (const auto& speed : throughput_of(database, row.number)) {
    speeds.add({speed.phase, short_number(speed.images_per_second),
                short_number(speed.images_per_second_mad), std::to_string(speed.n)});
  }
  fmt::print("\n{}\n{}\n{}", metrics.text(), losses.text(), speeds.text());
  for (const auto& event : events_of(database, row.number)) {
    fmt::print("{}  {} at {} images{}{}\n", event.at, event.kind, event.images_seen,
               event.text.empty() ? "" : ": ", event.text);
  }
  fmt::print("\n{}", experiment_of(database, row.experiment_id).definition);
}

[[noreturn]] void watch_status(const std::filesystem::path& database) {
  for (;;) {
    fmt::print("\x1b[H\x1b[2J");
    print_status(database);
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

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
  fmt::print("{}\n", json.dump(2));
  return 0;
}

int show_command(const std::string& run, const CommonOptions& options) {
  const Database database = Database::open_for_reading(options.database);
  const RunRow row = find_run(database, run);
  if (options.json) {
    fmt::print("{}\n", run_json(database, row).dump(2));
  } else {
    print_run(database, row);
  }
  return 0;
}

}  // namespace assay
