// SPDX-License-Identifier: Apache-2.0
#include "reports/json.h"

#include <nlohmann/json.hpp>

#include "core/metric_kind.h"
#include "reports/ablations.h"
#include "reports/claim_json.h"
#include "reports/comparison/compare_json.h"
#include "reports/comparison/n_way.h"
#include "reports/escape.h"
#include "reports/evaluation_choice.h"
#include "reports/grids.h"
#include "reports/json_number.h"
#include "reports/number_text.h"
#include "reports/planes.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

Json text(std::string_view value) { return valid_utf8(value); }

Json texts(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(text(value));
  return list;
}

Json summary_json(const SeedSummary& s) {
  return {{"n", s.n},
          {"non_finite", s.non_finite},
          {"mean", json_number(s.mean)},
          {"sd", json_number(s.sd)},
          {"text", mean_and_spread_text(s)},
          {"low", json_number(s.low)},
          {"high", json_number(s.high)}};
}

Json curve_json(const SeedCurve& curve) {
  Json points = Json::array();
  for (const auto& p : curve.points) {
    points.push_back(
        {json_number(p.images_seen), json_number(p.mean), json_number(p.low), json_number(p.high)});
  }
  return {{"name", text(curve.name)},
          {"seeds", curve.seeds},
          {"records_per_point", curve.records_per_point},
          {"columns", {"images_seen", "mean", "lowest_seed", "highest_seed"}},
          {"points", points}};
}

Json choice_json(const MetricSummary& metric, const MetricColumn& column) {
  const SeedSummary* best = best_evaluation(metric.choice, column.better);
  if (best == nullptr) return {};
  return {{"evaluations", metric.choice.evaluations},
          {"last_ten", summary_json(metric.choice.last_ten)},
          {"best", summary_json(*best)}};
}

Json metric_json(const MetricSummary& metric, const Report& report) {
  const MetricColumn& column = report.columns[metric.column];
  Json seeds = Json::array();
  for (const auto& s : metric.seeds) {
    seeds.push_back({{"seed", s.seed},
                     {"uuid", text(s.uuid)},
                     {"images_seen", s.images_seen},
                     {"value", json_number(s.value)},
                     {"standard_error", json_number(s.standard_error)},
                     {"untrained", json_number(s.untrained)}});
  }
  return {{"metric", text(column.metric)},
          {"label", text(column.label)},
          {"protocol_id", text(column.protocol_id)},
          {"better", column.better ? Json(better_name(*column.better)) : Json()},
          {"unit", text(column.unit)},
          {"last", summary_json(metric.last)},
          {"untrained", summary_json(metric.untrained)},
          {"chosen", choice_json(metric, column)},
          {"seeds", seeds},
          {"curve", curve_json(metric.curve)}};
}

Json failure_json(const FailureSummary& failure) {
  Json seeds = Json::array();
  for (const auto& seed : failure.seeds) {
    seeds.push_back({{"seed", seed.seed},
                     {"uuid", text(seed.uuid)},
                     {"first_images", seed.first_images},
                     {"last_images", seed.last_images},
                     {"text", text(seed.text)}});
  }
  return {{"failure", text(failure.name)},
          {"failed", failure.seeds.size()},
          {"ended", failure.ended},
          {"rate", json_number(failure.rate.value)},
          {"low", json_number(failure.rate.interval->low)},
          {"high", json_number(failure.rate.interval->high)},
          {"seeds", seeds}};
}

Json experiment_json(const ExperimentSummary& e, const Report& report) {
  Json json = {{"id", text(e.id)},
               {"name", text(e.name)},
               {"label", text(e.label)},
               {"family", text(e.family)},
               {"smoke", e.smoke},
               {"device", text(e.device)},
               {"command", text(e.command)},
               {"definition", text(e.definition)},
               {"wall_seconds", summary_json(e.wall_seconds)},
               {"training_seconds", summary_json(e.training_seconds)},
               {"network_evaluations", summary_json(e.network_evaluations)},
               {"computing_seconds", json_number(e.computing_seconds)},
               {"peak_memory_bytes", e.peak_memory_bytes},
               {"peak_memory_of", e.peak_memory_of}};
  json["metrics"] = Json::array();
  for (const auto& metric : e.metrics) json["metrics"].push_back(metric_json(metric, report));
  json["losses"] = Json::array();
  for (const auto& curve : e.losses) json["losses"].push_back(curve_json(curve));
  json["throughput"] = Json::array();
  for (const auto& speed : e.speeds) {
    json["throughput"].push_back({{"phase", text(speed.phase)},
                                  {"images_per_second", summary_json(speed.images_per_second)},
                                  {"worst_mad", json_number(speed.worst_mad)}});
  }
  json["failures"] = Json::array();
  for (const auto& failure : e.failures) json["failures"].push_back(failure_json(failure));
  json["runs"] = Json::array();
  for (const auto& run : e.runs) json["runs"].push_back(run_json(run));
  return json;
}

Json published_json(const PublishedBeside& beside, const Report& report) {
  const PublishedValue& value = beside.value;
  return {{"experiment", text(report.experiments[beside.experiment].label)},
          {"model", text(value.model)},
          {"data", text(value.data)},
          {"metric", text(value.metric)},
          {"value", json_number(value.value)},
          {"spread", json_number(value.spread)},
          {"spread_of", text(value.spread_of)},
          {"runs", value.runs > 0 ? Json(value.runs) : Json()},
          {"source", text(value.source)},
          {"protocol", text(value.protocol)},
          {"tolerance", json_number(value.tolerance)},
          {"verdict", text(beside.verdict)},
          {"certainty", certainty_text(value.certainty)}};
}

Json comparison_json(const Report& report, const ComparisonTable& table) {
  const Comparison comparison = compare_table(report, table);
  Json ranks = Json::array();
  for (std::size_t e = 0; e < comparison.entries.size(); ++e) {
    for (const std::size_t column : table.columns) {
      const auto range = rank_range(comparison, e, column);
      if (!range) continue;
      ranks.push_back({{"experiment", text(comparison.entries[e].label)},
                       {"metric", text(report.columns[column].label)},
                       {"first", range->first},
                       {"last", range->last}});
    }
  }
  return {{"ranks", ranks},
          {"pairs", pairs_json(comparison, JsonScores::kNone)},
          {"notes", texts(comparison.notes)}};
}

Json sweep_json(const Sweep& sweep, const Report& report) {
  Json points = Json::array();
  for (const auto& point : sweep.points) {
    points.push_back({{"value", json_number(point.x)},
                      {"experiment", text(report.experiments[point.experiment].label)}});
  }
  return {{"key", text(sweep.key)}, {"label", text(sweep.label)}, {"points", points}};
}

Json plane_json(const Plane& plane) {
  Json points = Json::array();
  for (const auto& point : plane.points) {
    points.push_back({{"experiment", text(point.label)},
                      {"x", summary_json(point.x)},
                      {"y", summary_json(point.y)},
                      {"at_front", point.at_front}});
  }
  return {{"x", text(plane.x_name)}, {"y", text(plane.y_name)}, {"points", points}};
}

Json grid_json(const Grid& grid, const Report& report) {
  Json cells = Json::array();
  for (const auto& cell : grid.cells) {
    cells.push_back({{"x", json_number(cell.x)},
                     {"y", json_number(cell.y)},
                     {"experiment", text(report.experiments[cell.experiment].label)}});
  }
  return {{"x", text(grid.x_key)}, {"y", text(grid.y_key)}, {"cells", cells}};
}

Json ladder_json(const Ladder& ladder, const Report& report) {
  Json rungs = Json::array();
  for (const Rung& rung : ladder.rungs) {
    Json changes = Json::object();
    for (const auto& change : rung.changes)
      changes[valid_utf8(change.key)] = {text(change.base), text(change.other)};
    rungs.push_back(
        {{"experiment", text(report.experiments[rung.experiment].label)}, {"changes", changes}});
  }
  return {{"base", text(ladder.base)}, {"rungs", rungs}};
}

// What one reads from where experiments stand to each other.
void add_figures(const Report& report, Json& json) {
  for (const auto* name : {"sweeps", "grids", "ablations", "tradeoffs"}) json[name] = Json::array();
  for (const auto& sweep : report.sweeps) json["sweeps"].push_back(sweep_json(sweep, report));
  for (const auto& grid : grids_of(report.experiments))
    json["grids"].push_back(grid_json(grid, report));
  for (const auto& ladder : ladders_of(report))
    json["ablations"].push_back(ladder_json(ladder, report));
  for (const auto& plane : planes_of(report)) json["tradeoffs"].push_back(plane_json(plane));
}

Json protocols_json(const Report& report) {
  Json json = Json::object();
  for (const auto& column : report.columns) {
    Json fields = Json::object();
    for (const auto& [name, value] : column.protocol) fields[valid_utf8(name)] = text(value);
    json[valid_utf8(column.protocol_id)] = fields;
  }
  return json;
}

}  // namespace

Json run_json(const RunRow& run) {
  return {{"run", run.number},
          {"uuid", text(run.uuid)},
          {"experiment", text(run.experiment)},
          {"seed", run.seed},
          {"status", text(run.status)},
          {"reason", text(run.reason)},
          {"commit", text(run.commit_id)},
          {"dirty", run.dirty},
          {"device", text(run.device)},
          {"threads", run.threads},
          {"smoke", run.smoke},
          {"started_at", text(run.started_at)},
          {"images_seen", run.images_seen},
          {"wall_seconds", json_number(run.wall_seconds)},
          {"peak_memory_bytes", run.peak_memory_bytes},
          {"state_hash", text(run.state_hash)}};
}

Json machine_json(const MachineRow& machine) {
  return {{"cpu", text(machine.cpu)},
          {"flags", text(machine.flags)},
          {"cores", machine.cores},
          {"memory_bytes", machine.memory_bytes},
          {"gpu", text(machine.gpu)},
          {"driver", text(machine.driver)},
          {"os", text(machine.os)},
          {"compiler", text(machine.compiler)},
          {"libtorch", text(machine.libtorch)}};
}

std::string report_json(const Report& report) {
  Json json = {{"title", text(report.title)},          {"generated_at", text(report.generated_at)},
               {"databases", texts(report.databases)}, {"summary", text(report.summary)},
               {"warnings", texts(report.warnings)},   {"commits", texts(report.commits)}};
  json["machines"] = Json::array();
  for (const auto& use : report.machines) {
    json["machines"].push_back(machine_json(use.machine));
    json["machines"].back()["runs"] = use.runs;
  }
  json["protocols"] = protocols_json(report);
  json["claims"] = Json::array();
  for (const auto& stored : report.claims) json["claims"].push_back(claim_json(stored));
  json["experiments"] = Json::array();
  for (const auto& e : report.experiments)
    json["experiments"].push_back(experiment_json(e, report));
  json["comparisons"] = Json::array();
  for (const auto& table : comparison_tables(report))
    json["comparisons"].push_back(comparison_json(report, table));
  add_figures(report, json);
  json["published"] = Json::array();
  for (const auto& beside : report.published)
    json["published"].push_back(published_json(beside, report));
  json["unfinished"] = Json::array();
  for (const auto& run : report.unfinished) json["unfinished"].push_back(run_json(run));
  return json.dump(1) + "\n";
}

}  // namespace assay
