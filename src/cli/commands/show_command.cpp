// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/out_file.h"
#include "cli/text/protocol_notes.h"
#include "cli/text/table.h"
#include "cli/text/words.h"
#include "core/file.h"
#include "reports/escape.h"
#include "reports/json.h"
#include "reports/number_text.h"
#include "results/queries.h"
#include "results/remarks.h"
#include "results/run_queries.h"
#include "results/stored_name.h"

namespace assay {
namespace {

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

Json losses_json(const Database& database, std::int64_t run) {
  Json losses = Json::object();
  for (const auto& loss : final_series_of(database, run)) {
    losses[loss.name] = json_number(loss.value);
  }
  return losses;
}

Json speeds_json(const Database& database, std::int64_t run) {
  Json speeds = Json::array();
  for (const auto& speed : throughput_of(database, run)) {
    speeds.push_back({{"phase", speed.phase},
                      {"images_per_second", json_number(speed.images_per_second)},
                      {"images_per_second_mad", json_number(speed.images_per_second_mad)},
                      {"n", speed.n}});
  }
  return speeds;
}

Json events_json(const Database& database, std::int64_t run) {
  Json events = Json::array();
  for (const auto& event : events_of(database, run)) {
    events.push_back({{"at", event.at},
                      {"images_seen", event.images_seen},
                      {"kind", event.kind},
                      {"text", event.text}});
  }
  return events;
}

Json remarks_json(const RunRemarks& remarks) {
  Json notes = Json::array();
  for (const auto& note : remarks.notes) notes.push_back({{"at", note.at}, {"text", note.text}});
  return {{"notes", notes},
          {"tags", remarks.tags},
          {"hidden", remarks.hidden},
          {"why_hidden", remarks.why_hidden}};
}

// null of what an older assay did not store.
Json json_text(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json whole_run_json(const Database& database, const RunRow& row) {
  Json json = run_json(row);
  json.update(remarks_json(remarks_of(database)[row.uuid]));
  json.update({{"family", row.family},
               {"definition", definition_of(database, row)},
               {"id", row.experiment_id},
               {"training_id", json_text(row.training_id)},
               {"data_digest", json_text(row.data_digest)},
               {"code_digest", json_text(row.code_digest)},
               {"overrides", row.overrides},
               {"parent_uuid", json_text(row.parent_uuid)},
               {"first_stage_uuid", json_text(row.first_stage_uuid)},
               {"first_stage_state", json_text(row.first_stage_state)},
               {"machine", machine_json(machine_of(database, row.machine_id))},
               {"jobs", row.jobs},
               {"images_total", row.images_total},
               {"resumed_at", resumed_at(database, row.number)},
               {"metrics", metrics_json(metrics_of(database, row.number))},
               {"losses", losses_json(database, row.number)},
               {"throughput", speeds_json(database, row.number)},
               {"events", events_json(database, row.number)}});
  return json;
}

void print_numbers(const Database& database, const RunRow& row) {
  const std::vector<MetricRow> scores = metrics_of(database, row.number);
  const ProtocolNotes notes = protocol_notes(scores);
  Table metrics({"metric", "images seen", "value", "± se", "protocol"});
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double error = scores[i].standard_error;
    metrics.add({scores[i].name, std::to_string(scores[i].images_seen),
                 short_number(scores[i].value), std::isfinite(error) ? short_number(error) : "",
                 notes.marks[i]});
  }
  Table losses({"loss", "last value"});
  for (const auto& loss : final_series_of(database, row.number))
    losses.add({loss.name, short_number(loss.value)});
  Table speeds({"phase", "images/s", "± MAD", "n"});
  for (const auto& speed : throughput_of(database, row.number)) {
    speeds.add({speed.phase, short_number(speed.images_per_second),
                short_number(speed.images_per_second_mad), std::to_string(speed.n)});
  }
  fmt::print("\n{}{}\n{}\n{}", metrics.text(), notes.text, losses.text(), speeds.text());
}

// How the run differs from its experiment as it is written.
std::string changed_text(const RunRow& row) {
  if (!row.smoke) return row.overrides;
  return row.overrides.empty() ? "--smoke" : "--smoke " + row.overrides;
}

void print_remarks(const RunRemarks& remarks) {
  if (remarks.hidden) {
    fmt::print("hidden      from lists, reports and comparisons{}{}\n",
               remarks.why_hidden.empty() ? "" : ": ", terminal_text(remarks.why_hidden));
  }
  if (!remarks.tags.empty())
    fmt::print("tags        {}\n", terminal_text(fmt::format("{}", fmt::join(remarks.tags, ", "))));
  for (const auto& note : remarks.notes)
    fmt::print("note        {} ({})\n", terminal_text(note.text), terminal_text(note.at));
}

void print_run(const Database& database, const RunRow& row) {
  const MachineRow machine = machine_of(database, row.machine_id);
  const std::vector<EventRow> events = events_of(database, row.number);
  const bool of_gpu = std::ranges::find(events, "peak_memory", &EventRow::kind) != events.end();
  fmt::print("run {}  {} seed {}  {}{}\n", row.number, terminal_text(row.experiment), row.seed,
             row.status, row.reason.empty() ? "" : ": " + terminal_text(row.reason));
  print_remarks(remarks_of(database)[row.uuid]);
  const std::string changed = changed_text(row);
  if (!changed.empty()) fmt::print("changed     {}\n", terminal_text(changed));
  if (row.parent_uuid) {
    fmt::print("weights     those of run {}, which this one scores\n",
               terminal_text(*row.parent_uuid));
  }
  if (row.first_stage_uuid) {
    fmt::print("first stage run {}\n", terminal_text(*row.first_stage_uuid));
  }
  fmt::print("uuid        {}\nid          {}\ncommit      {}{}\nmachine     {} ({}), {}, {}\n",
             terminal_text(row.uuid), terminal_text(row.experiment_id),
             terminal_text(row.commit_id), row.dirty ? " (dirty)" : "", terminal_text(machine.cpu),
             terminal_text(machine.flags), counted_text(row.threads, "thread"),
             terminal_text(row.device));
  fmt::print("images      {}/{}\ntime        {}\npeak memory {}\nstate hash  {}\n", row.images_seen,
             row.images_total, duration_text(row.wall_seconds),
             peak_memory_text(row.peak_memory_bytes, row.device, of_gpu ? "GPU" : "process"),
             terminal_text(row.state_hash));
  print_numbers(database, row);
  for (const auto& event : events) {
    fmt::print("{}  {} at {} images{}{}\n", terminal_text(event.at), terminal_text(event.kind),
               event.images_seen, event.text.empty() ? "" : ": ", terminal_text(event.text));
  }
  fmt::print("\n{}", valid_utf8(definition_of(database, row)));
}

void export_artifacts(const Database& database, const RunRow& row,
                      const std::filesystem::path& folder) {
  // All names first: of a damaged database nothing is written.
  std::vector<std::pair<ArtifactName, std::string>> files;
  for (const ArtifactName& name : artifacts_of(database, row.number)) {
    files.emplace_back(name, artifact_file_name(database, name));
  }
  for (const auto& [name, file_name] : files) {
    const auto artifact = read_artifact(database, row.number, name);
    if (!artifact) continue;  // pruned since
    write_out([&, &file = file_name] { write_file_atomically(folder / file, artifact->bytes); });
    fmt::print("{}\n", (folder / file_name).string());
  }
}

// `artifacts`: a folder that the run's pictures and tables are written to instead; empty: none.
int show_command(const std::string& run, const std::filesystem::path& artifacts,
                 const CommonOptions& options) {
  const Database database = Database::open_for_reading(options.database);
  const RunRow row = find_run(database, run);
  if (!artifacts.empty()) {
    export_artifacts(database, row, artifacts);
  } else if (options.json) {
    print_json(whole_run_json(database, row));
  } else {
    print_run(database, row);
  }
  return 0;
}

}  // namespace

void add_show(App& app) {
  struct Options {
    std::string run, artifacts;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* show = app.command("show", "one run: definition, machine, metrics with their protocol",
                               "assay show 12");
  show->add_option("RUN", options->run, "number or uuid prefix")->required();
  show->add_option("--artifacts", options->artifacts,
                   "write the run's pictures and tables into this folder instead")
      ->check(not_empty);
  app.add_json(show);
  app.act(show,
          [&app, options] { return show_command(options->run, options->artifacts, app.common()); });
}

}  // namespace assay
