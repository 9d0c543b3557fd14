// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <memory>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/commands/list_papers.h"
#include "cli/run/targets.h"
#include "cli/text/table.h"
#include "config/suite.h"
#include "core/folder.h"
#include "data/dataset.h"
#include "harness/runner.h"
#include "results/queries.h"
#include "results/remarks.h"

namespace assay {
namespace {

// Newest complete result by experiment name; empty without a database.
std::map<std::string, LastResult> results_by_name(const std::filesystem::path& file) {
  std::map<std::string, LastResult> results;
  if (!path_exists(file)) return results;
  const Database database = Database::open_for_reading(file);
  for (auto& result : last_results(database))
    results.emplace(result.run.experiment, std::move(result));
  return results;
}

// A result of a definition that was changed for its run, or has changed since, says so.
std::string result_text(const LastResult& result, const Definition& definition) {
  std::string text;
  if (result.run.smoke) text = "(smoke)";
  if (!result.run.overrides.empty()) {
    text += fmt::format("{}({})", text.empty() ? "" : " ", result.run.overrides);
  } else if (text.empty() && result.run.experiment_id != definition.id()) {
    text = "(another definition)";
  }
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
    json["last_result"] = {{"run", result->run.number},          {"uuid", result->run.uuid},
                           {"smoke", result->run.smoke},         {"id", result->run.experiment_id},
                           {"overrides", result->run.overrides}, {"metrics", metrics}};
  }
  return json;
}

void print_hidden(const std::filesystem::path& file) {
  if (!path_exists(file)) return;
  const std::size_t hidden = hidden_runs(Database::open_for_reading(file)).size();
  if (hidden == 0) return;
  fmt::print("\n{} hidden run{} left out; `assay unhide RUN` brings one back\n", hidden,
             hidden == 1 ? " is" : "s are");
}

void print_list(const std::vector<Definition>& definitions,
                const std::map<std::string, LastResult>& results,
                const std::filesystem::path& database) {
  Table table({"experiment", "family", "data set", "images", "tier", "seeds", "last result"});
  for (const Definition& definition : definitions) {
    const auto result = results.find(definition.name);
    table.add(
        {definition.name, definition.family,
         definition.text("dataset.name") + (data_are_here(definition) ? "" : " (data absent)"),
         std::to_string(run_length(definition).images), definition.tier,
         std::to_string(definition.seeds.size()),
         result == results.end() ? "" : result_text(result->second, definition)});
  }
  Table suites({"suite", "members", "claims", "what it is"});
  for (const auto& name : suite_names()) {
    const Suite suite = read_suite(find_target(name));
    suites.add({name, std::to_string(suite.members.size()), std::to_string(suite.claims.size()),
                suite.note});
  }
  fmt::print("{}\n{}", table.text(), suites.text());
  print_hidden(database);
  fmt::print(
      "\n`assay describe TARGET` shows every value of an experiment and all runs of a suite; "
      "`assay run EXPERIMENT --smoke` tries it in "
      "seconds; `assay data list` says how to get absent data\n");
}

int list_command(const CommonOptions& options) {
  std::vector<Definition> definitions;
  for (const auto& name : experiment_names())
    definitions.push_back(resolve_target(name, {}, false));
  const auto results = results_by_name(options.database);
  if (!options.json) {
    print_list(definitions, results, options.database);
    return 0;
  }
  Json all = Json::array();
  for (const Definition& definition : definitions) {
    const auto result = results.find(definition.name);
    all.push_back(to_json(definition, result == results.end() ? nullptr : &result->second));
  }
  print_json(all);
  return 0;
}

}  // namespace

void add_list(App& app) {
  CLI::App* list =
      app.command("list", "experiments and suites, with their last results", "assay list");
  app.add_json(list);
  const auto papers = std::make_shared<bool>(false);
  list->add_flag(
      "--papers", *papers,
      "published values instead, paper by paper: tier, and the verdict of the runs here");
  app.act(list, [&app, papers] {
    return *papers ? list_papers(app.common()) : list_command(app.common());
  });
}

}  // namespace assay
