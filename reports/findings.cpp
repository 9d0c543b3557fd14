// SPDX-License-Identifier: Apache-2.0
#include "reports/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "core/build_kind.h"
#include "core/metric_kind.h"
#include "reports/claim_text.h"
#include "reports/comparison/compare_text.h"
#include "reports/comparison/n_way.h"
#include "reports/listed.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/ranking.h"
#include "reports/repeat_command.h"
#include "reports/run_settings.h"

namespace assay {
namespace {

std::string counted(std::size_t n, std::string_view one) {
  return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

// A standard deviation of two values is known to a factor of 30 (95 % interval of chi² with one
// degree of freedom).
constexpr std::size_t kFewSeeds = 3;

std::size_t count_runs(const Report& report, auto&& wanted) {
  std::size_t n = 0;
  for (const auto& experiment : report.experiments) {
    n += static_cast<std::size_t>(std::ranges::count_if(experiment.counted, wanted));
  }
  return n;
}

// Of an experiment whose label does not say what was changed: its options, or nothing.
std::string hidden_changes(const ExperimentSummary& experiment) {
  if (experiment.label != experiment.name || experiment.runs.empty()) return "";
  const std::string options = quoted_options(experiment.runs.front().overrides);
  return options.find("--set") == std::string::npos ? "" : options;
}

void warn_of_changes(const Report& report, std::vector<std::string>& out) {
  for (const auto& experiment : report.experiments) {
    const std::string options = hidden_changes(experiment);
    if (options.empty()) continue;
    out.push_back(
        fmt::format("{} was run with {}: not as it is defined.", experiment.name, options));
  }
}

void warn_of_provenance(const Report& report, std::vector<std::string>& out) {
  const std::size_t smoke = count_runs(report, [](const RunRow& r) { return r.smoke; });
  if (smoke > 0) {
    out.push_back(fmt::format(
        "Cut short by --smoke: {}. That shows that the program works, not how good a model is.",
        counted(smoke, "run")));
  }
  const std::size_t dirty = count_runs(report, [](const RunRow& r) { return r.dirty; });
  if (dirty > 0) {
    out.push_back(
        fmt::format("{} made from a checkout with uncommitted changes: the commit alone does not "
                    "reproduce them.",
                    counted(dirty, "run")));
  }
  if (report.commits.size() > 1) {
    out.push_back(
        fmt::format("The runs come from {} commits; each run's commit is in the provenance.",
                    report.commits.size()));
  }
  std::int64_t debug = 0;
  for (const MachineUse& use : report.machines)
    debug += use.machine.compiler.ends_with(kDebugBuild) ? use.runs : 0;
  if (debug > 0) {
    out.push_back(fmt::format(
        "Made by a debug build: {}. Its speeds say nothing, and its bits may differ from those of "
        "a release build.",
        counted(static_cast<std::size_t>(debug), "run")));
  }
  if (report.machines.size() > 1) {
    out.push_back(fmt::format("The runs come from {} machines: speeds do not compare across them.",
                              report.machines.size()));
  }
}

void warn_of_repeats(const Report& report, std::vector<std::string>& out) {
  // Ids of each name; those that only score otherwise what is trained alike are one.
  std::map<std::string, std::set<std::string>> definitions;
  std::size_t left_out = 0;
  std::size_t few = 0;
  for (const auto& experiment : report.experiments) {
    const auto& runs = experiment.runs;
    definitions[experiment.name].insert(
        runs.empty() ? experiment.id : runs.front().training_id.value_or(experiment.id));
    const auto complete = std::ranges::count(experiment.runs, "complete", &RunRow::status);
    left_out += static_cast<std::size_t>(complete) - experiment.counted.size();
    const std::size_t n = experiment.counted.size();
    few += n > 0 && n < kFewSeeds ? 1 : 0;
  }
  for (const auto& [name, ids] : definitions) {
    if (ids.size() > 1) {
      out.push_back(
          fmt::format("{} was run under {} definitions; they are shown apart.", name, ids.size()));
    }
  }
  if (left_out > 0) {
    out.push_back(
        fmt::format("{} left out, since a newer run of the same definition and seed is complete.",
                    counted(left_out, "older run")));
  }
  if (few > 0) {
    out.push_back(
        fmt::format("{} fewer than {} seeds: a difference to {} may be chance.",
                    few == 1 ? "1 experiment has" : fmt::format("{} experiments have", few),
                    kFewSeeds, few == 1 ? "it" : "them"));
  }
}

// A suite's verdicts speak of its own runs; a member that was run again since has newer numbers.
void warn_of_old_verdicts(const Report& report, std::vector<std::string>& out) {
  std::set<std::string> counted_runs;
  for (const auto& experiment : report.experiments) {
    for (const auto& run : experiment.counted) counted_runs.insert(run.uuid);
  }
  std::set<std::string> old;
  for (const auto& stored : report.claims) {
    const ClaimEvidence& evidence = stored.verdict.evidence;
    for (const ClaimSide* side : {&evidence.left, &evidence.right}) {
      const bool all = std::ranges::all_of(side->values, [&](const ClaimValue& value) {
        return !value.lost.empty() || counted_runs.contains(value.uuid);
      });
      if (!all) old.insert(stored.suite);
    }
  }
  for (const auto& suite : old) {
    out.push_back(
        fmt::format("The claims of {0} were judged on other runs than those in the tables; `assay "
                    "run {0}` judges again.",
                    suite));
  }
}

void warn_of_numbers(const Report& report, std::vector<std::string>& out) {
  std::map<std::string, std::set<std::string>> fields;  // of each label
  for (const auto& column : report.columns) {
    for (const auto& difference : column.difference) {
      fields[column.label].insert(difference.substr(0, difference.find(':')));
    }
  }
  std::map<std::set<std::string>, std::vector<std::string>> labels;
  for (const auto& [label, names] : fields) labels[names].push_back(label);
  for (const auto& [names, affected] : labels) {
    out.push_back(fmt::format(
        "Protocols of {} differ in {}: such values have columns of their own and do not compare.",
        fmt::join(affected, ", "), fmt::join(names, ", ")));
  }
  std::size_t broken = 0;
  for (const auto& experiment : report.experiments) {
    for (const auto& metric : experiment.metrics)
      broken += static_cast<std::size_t>(metric.last.non_finite);
  }
  if (broken > 0) {
    out.push_back(
        fmt::format("{} not finite and left out of means.", counted(broken, "metric value")));
  }
}

// The column that tells most: shared by most experiments, distances first.
const MetricColumn* headline_column(const Report& report, std::size_t& index) {
  const MetricColumn* best = nullptr;
  std::size_t most = 0;
  for (const auto& table : comparison_tables(report)) {
    for (const std::size_t c : table.columns) {
      std::size_t users = 0;
      for (const auto& e : report.experiments) {
        const auto* metric = metric_in(e, c);
        users += metric != nullptr && metric->last.mean ? 1 : 0;
      }
      if (users <= most || report.columns[c].better == std::nullopt) continue;
      most = users;
      index = c;
      best = &report.columns[c];
    }
  }
  return best;
}

// How much worse the second mean is, in words.
std::string distance_text(const Ranked& first, const Ranked& second, std::optional<Better> better) {
  const double distance = std::abs(*second.metric->last.mean - *first.metric->last.mean);
  return fmt::format("{} {}", short_number_text(distance, 3),
                     better == Better::kLower ? "above it" : "below it");
}

// The table that shows a column.
ComparisonTable table_with(const Report& report, std::size_t column) {
  for (ComparisonTable& table : comparison_tables(report)) {
    if (std::ranges::find(table.columns, column) != table.columns.end()) return std::move(table);
  }
  return {};
}

// The verdict of the first two of a column, or nothing where too many are there to compare.
std::optional<ComparedMetric> pair_at_the_top(const Report& report, std::size_t column,
                                              const Ranked& second) {
  const Comparison comparison = compare_table(report, table_with(report, column));
  for (const ComparedMetric* pair : pairs_of_leader(comparison, column)) {
    for (const std::size_t side : {pair->left, pair->right}) {
      if (comparison.entries[side].label == second.experiment->label) return *pair;
    }
  }
  return std::nullopt;
}

// What must be said of a lead that no test has shown, or nothing.
std::string doubt_of_lead(const Report& report, std::size_t column, const Ranked& first,
                          const Ranked& second) {
  const auto pair = pair_at_the_top(report, column, second);
  if (!pair) return "";
  const Decision& decision = pair->decision;
  if (decision.verdict == Verdict::kBetter || decision.verdict == Verdict::kWorse) return "";
  const SeedSummary& last = second.metric->last;
  std::string why = decision.reason;
  if (decision.verdict == Verdict::kSame) {
    why = "the same within " + short_number_text(pair->terms.margin, 2);
  } else if (decision.p) {
    why = fmt::format(
        "{} (p = {} over the table)",
        decision.test == "prediction" ? "one seed decides nothing" : "no difference can be shown",
        p_text(decision.adjusted.value_or(1.0)));
  }
  return fmt::format("; {} lies {} at {} (n = {}): {}", second.experiment->label,
                     distance_text(first, second, report.columns[column].better),
                     mean_and_spread_text(last), last.n, why);
}

std::vector<std::string> labels_of(std::span<const Ranked> experiments) {
  std::vector<std::string> labels;
  for (const Ranked& one : experiments) labels.push_back(one.experiment->label);
  return labels;
}

std::string outcome_sentence(const Report& report) {
  std::size_t index = 0;
  const MetricColumn* column = headline_column(report, index);
  if (column == nullptr) return "";
  const std::vector<Ranked> ranked = ranking_in(report, index);
  const Ranked& first = ranked.front();
  const SeedSummary& last = first.metric->last;
  if (ranked.size() == 1) {
    return fmt::format(" {} ends at {} {} (n = {}).", first.experiment->label, column->label,
                       mean_and_spread_text(last), last.n);
  }
  const std::string_view word = column->better == Better::kLower ? "lowest" : "highest";
  const std::string scored =
      fmt::format(" Of the {} that were scored with {}, ", ranked.size(), column->label);
  if (const std::size_t level = level_at_the_top(ranked); level > 1) {
    return fmt::format("{}{} have the same, {} mean: {}.", scored,
                       listed(labels_of(std::span(ranked).first(level))), word, mean_text(last));
  }
  const std::string gain = improvement_text(*first.metric, column->better);
  return fmt::format("{}{} has the {} mean: {} (n = {}{}){}.", scored, first.experiment->label,
                     word, mean_and_spread_text(last), last.n,
                     gain.ends_with("better") ? fmt::format(", {} than untrained", gain) : "",
                     doubt_of_lead(report, index, first, ranked[1]));
}

std::string claims_phrase(const Report& report) {
  std::vector<const ClaimVerdict*> verdicts;
  for (const auto& stored : report.claims) verdicts.push_back(&stored.verdict);
  const std::string sentence = claims_sentence(verdicts);
  return sentence.empty() ? "" : " " + sentence + ".";
}

std::string machine_phrase(const Report& report) {
  if (report.machines.empty()) return "";
  const MachineRow& m = report.machines.front().machine;
  if (report.machines.size() > 1) return fmt::format(" on {} machines", report.machines.size());
  const std::string gpu = m.gpu.empty() ? "" : " with " + m.gpu;
  return fmt::format(" on {} ({}){}", m.cpu, counted(static_cast<std::size_t>(m.cores), "core"),
                     gpu);
}

}  // namespace

std::vector<std::string> warnings_of(const Report& report) {
  std::vector<std::string> warnings;
  warn_of_changes(report, warnings);
  warn_of_provenance(report, warnings);
  for (auto& warning : settings_warnings(report)) warnings.push_back(std::move(warning));
  warn_of_numbers(report, warnings);
  warn_of_repeats(report, warnings);
  warn_of_old_verdicts(report, warnings);
  return warnings;
}

std::string summary_of(const Report& report) {
  std::size_t total = 0;
  double seconds = 0.0;
  std::set<std::string> definitions;
  for (const auto& experiment : report.experiments) {
    definitions.insert(experiment.id);
    total += experiment.runs.size();
    seconds += experiment.computing_seconds;
  }
  if (total == 0) return "There is no run to report on yet.";
  const std::string ended = report.unfinished.empty()
                                ? "all complete"
                                : fmt::format("{} not complete", report.unfinished.size());
  const std::string commit =
      report.commits.size() == 1 ? " at commit " + report.commits.front() : "";
  return fmt::format("{} in {} ({}){}{}, {} of computing.{}{}",
                     counted(definitions.size(), "experiment"), counted(total, "run"), ended,
                     machine_phrase(report), commit, duration_in_words(seconds),
                     claims_phrase(report), outcome_sentence(report));
}

}  // namespace assay
