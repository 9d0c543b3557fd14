// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/commands/list_papers.h"
#include "cli/text/words.h"
#include "core/folder.h"
#include "metrics/metric.h"
#include "reports/papers/coverage.h"
#include "reports/papers/match.h"

namespace assay {
namespace {

Json row_json(const PaperRow& row) {
  const PublishedValue& value = *row.value;
  const PaperVerdict& verdict = row.verdict;
  Json fields = Json::object();
  for (const auto& [name, text] : value.fields) fields[name] = text;
  return {{"paper", value.paper},
          {"model", value.model},
          {"data", value.data},
          {"metric", value.metric},
          {"value", json_number(value.value)},
          {"spread", json_number(value.spread)},
          {"spread_of", value.spread_of},
          {"runs", value.runs > 0 ? Json(value.runs) : Json()},
          {"source", value.source},
          {"tier", value.tier},
          {"certainty", certainty_text(value.certainty)},
          {"protocol", value.protocol},
          {"fields", std::move(fields)},
          {"tolerance", json_number(value.tolerance)},
          {"experiment", row.experiment.empty() ? Json() : Json(row.experiment)},
          {"verdict", outcome_name(verdict.outcome)},
          {"reason", verdict.reason},
          {"n", verdict.here.n},
          {"mean", json_number(verdict.here.mean)},
          {"effect", json_number(verdict.effect)},
          {"low", json_number(verdict.low)},
          {"high", json_number(verdict.high)},
          {"p", json_number(verdict.p)},
          {"p_equivalence", json_number(verdict.equivalence)}};
}

void print_rows(const std::vector<PaperRow>& rows) {
  std::string paper;
  std::map<PaperOutcome, std::int64_t> outcomes;
  for (const PaperRow& row : rows) {
    const PublishedValue& value = *row.value;
    if (value.paper != paper) fmt::print("{}{}\n", paper.empty() ? "" : "\n", value.paper);
    paper = value.paper;
    fmt::print("  {:<4} {}, {}: {} {} — {}\n", value.tier, value.model, value.data, value.metric,
               published_text(value), terminal_text(verdict_text(value, row.verdict)));
    ++outcomes[row.verdict.outcome];
  }
  fmt::print("\n{}:", counted_text(std::ssize(rows), "value"));
  for (const auto& [outcome, count] : outcomes) {
    fmt::print(" {} {}{}", count, outcome_name(outcome),
               outcome == outcomes.rbegin()->first ? "\n" : ",");
  }
}

}  // namespace

int list_papers(const CommonOptions& options) {
  std::vector<std::filesystem::path> databases;
  if (path_exists(options.database)) databases.push_back(options.database);
  auto rows = paper_coverage(published_values(), databases, metric_kinds());
  // Values of one paper together, papers in the order in which they first come.
  std::vector<std::string_view> papers;
  const auto place = [&](const PaperRow& row) {
    const auto found = std::ranges::find(papers, row.value->paper);
    if (found != papers.end()) return found - papers.begin();
    papers.push_back(row.value->paper);
    return std::ssize(papers) - 1;
  };
  std::vector<std::pair<std::ptrdiff_t, PaperRow>> placed;
  for (PaperRow& row : rows) placed.emplace_back(place(row), std::move(row));
  std::ranges::stable_sort(placed, {}, [](const auto& one) { return one.first; });
  rows.clear();
  for (auto& [at, row] : placed) rows.push_back(std::move(row));
  if (!options.json) {
    print_rows(rows);
    return 0;
  }
  Json all = Json::array();
  for (const PaperRow& row : rows) all.push_back(row_json(row));
  print_json(all);
  return 0;
}

}  // namespace assay
