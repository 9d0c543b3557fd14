// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "cli/show_command.h"
#include "cli/table.h"
#include "cli/targets.h"
#include "config/suite.h"
#include "data/dataset.h"
#include "harness/runner.h"
#include "results/queries.h"

namespace assay {
namespace {

// Newest complete result by experiment name; empty without a database.
std::map<std::string, LastResult> results_by_name(const std::filesystem::path& file) {
  std::map<std::string, LastResult> results;
  if (!std::filesystem::exists(file)) return results;
  const Database database = Database::open_for_reading(file);
  for (auto& result : last_results(database))
    results.emplace(result.run.experiment, std::move(result));
  return results;
}

std::string result_text(const LastResult& result) {
  std::string text = result.run.smoke ? "(smoke)" : "";
  for (const auto& metric : result.metrics) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", metric.full_name(),
                        short_number(metric.value));
  }
  return text;
}

bool data_are_here(const Definition& definition) {
  const DatasetRequest request{.name = definition.text("dataset.name"),
                               .path = definition.text("dataset.path")};
  return dataset_source(request.name).locate(request).has_value();
}

Json to_json(const Definition& definition, const LastResult* result) {
  Json json = {{"name", definition.name},
               {"family", definition.family},
               {"dataset", definition.text("dataset.name")},
               {"data_absent", !data_are_here(definition)},
               {"images", run_length(definition).images},
               {"tier", definition.tier},
               {"seeds", definition.seeds},
               {"reproduces", definition.reproduces},
               {"note", definition.note},
               {"id", definition.id()},
               {"last_result", nullptr}};
  if (result != nullptr) {
    Json metrics = Json::object();
    for (const auto& metric : result->metrics) metrics[metric.name] = json_number(metric.value);
    json["last_result"] = {{"run", result->run.number},
                           {"uuid", result->run.uuid},
                           {"smoke", result->run.smoke},
                           {"metrics", metrics}};
  }
  return json;
}

void print_list(const std::vector<Definition>& definitions,
                const std::map<std::string, LastResult>& results) {
  Table table({"experiment", "family", "data set", "images", "tier", "seeds", "last result"});
  for (const Definition& definition : definitions) {
    const auto result = results.find(definition.name);
    table.add(
        {definition.name, definition.family,
         definition.text("dataset.name") + (data_are_here(definition) ? "" : " (data absent)"),
         std::to_string(run_length(definition).images), definition.tier,
         std::to_string(definition.seeds.size()),
         result == results.end() ? "" : result_text(result->second)});
  }
  fmt::print("{}\nsuites:", table.text());
  for (const auto& name : suite_names()) fmt::print(" {}", name);
  fmt::print(
      "\n`assay describe EXPERIMENT` shows every value; `assay run EXPERIMENT --smoke` tries it in "
      "seconds; `assay data list` says how to get absent data\n");
}

}  // namespace

int list_command(const CommonOptions& options) {
  std::vector<Definition> definitions;
  for (const auto& name : experiment_names())
    definitions.push_back(resolve_target(name, {}, false));
  const auto results = results_by_name(options.database);
  if (!options.json) {
    print_list(definitions, results);
    return 0;
  }
  Json all = Json::array();
  for (const Definition& definition : definitions) {
    const auto result = results.find(definition.name);
    all.push_back(to_json(definition, result == results.end() ? nullptr : &result->second));
  }
  fmt::print("{}\n", all.dump(2));
  return 0;
}

int describe_command(const std::string& target, const std::vector<std::string>& set, bool smoke,
                     const CommonOptions& options) {
  const Definition definition = resolve_target(target, set, smoke);
  if (!options.json) {
    fmt::print("{} (family {})\nid {}\n", definition.name, definition.family, definition.id());
    if (!definition.note.empty()) fmt::print("{}\n", definition.note);
    Table table({"key", "value", "origin"});
    for (const auto& [path, resolved] : definition.values)
      table.add({path, to_toml(resolved.value), resolved.origin});
    fmt::print("\n{}", table.text());
    return 0;
  }
  Json json = {{"name", definition.name},  {"family", definition.family},
               {"id", definition.id()},    {"note", definition.note},
               {"tier", definition.tier},  {"reproduces", definition.reproduces},
               {"seeds", definition.seeds}};
  Json values = Json::object();
  for (const auto& [path, resolved] : definition.values) {
    Json value = std::visit([](const auto& v) { return Json(v); }, resolved.value);
    values[path] = {{"value", value}, {"origin", resolved.origin}, {"in_id", resolved.identity}};
  }
  json["values"] = values;
  json["canonical"] = definition.canonical();
  fmt::print("{}\n", json.dump(2));
  return 0;
}

}  // namespace assay
