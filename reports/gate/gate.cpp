// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "config/toml_source.h"
#include "core/error.h"
#include "core/metric_kind.h"
#include "reports/comparison/compare_text.h"
#include "reports/comparison/example_pairs.h"
#include "reports/gate/gate_bits.h"
#include "reports/gate/gate_timing.h"
#include "reports/gate/measured.h"
#include "reports/gather.h"
#include "reports/metric_columns.h"
#include "reports/run_settings.h"
#include "reports/statistics/summary.h"
#include "results/integrity.h"

namespace assay {
namespace {

constexpr double kEquivalenceShare = 0.1;

bool can_fail(const GateRow& row) { return row.importance != Importance::kAdvisory; }

class Gate {
 public:
  explicit Gate(const GateOptions& options) : options_(options) {}

  GateResult run() {
    const auto frozen = groups_of(options_.baseline, {});
    if (frozen.empty()) {
      throw Error(
          fmt::format("{}: this baseline holds no complete run; make one with `assay "
                      "baseline save`",
                      options_.baseline.string()));
    }
    std::set<std::string> known;
    for (const RunGroup& group : frozen) {
      for (const FoundRun& run : group.all) known.insert(run.row.uuid);
    }
    current_ = groups_of(options_.database, known);
    for (const RunGroup& group : frozen) ++named_[group.experiment.name];
    for (const RunGroup& group : frozen) hold(group);
    decide();
    return std::move(result_);
  }

 private:
  // Groups with complete runs, without those whose uuids are known.
  static std::vector<RunGroup> groups_of(const std::filesystem::path& file,
                                         const std::set<std::string>& known) {
    std::vector<RunGroup> groups;
    auto all = gather_runs(std::span(&file, 1), {.with_hidden = true}).groups;
    for (RunGroup& group : all) {
      const auto is_known = [&](const FoundRun& run) { return known.contains(run.row.uuid); };
      std::erase_if(group.all, is_known);
      std::erase_if(group.counted, is_known);
      for (const FoundRun& run : group.counted) require_sound(*run.database, run.row);
      if (!group.all.empty()) groups.push_back(std::move(group));
    }
    return groups;
  }

  const RunGroup* partner_of(const RunGroup& frozen) {
    const RunRow& row = frozen.all.front().row;
    std::vector<const RunGroup*> named;
    const RunGroup* elsewhere = nullptr;  // of this definition under other settings
    for (const RunGroup& group : current_) {
      if (group.experiment.name != frozen.experiment.name) continue;
      const bool equal = group.experiment.id == frozen.experiment.id;
      if (equal && settings_key(group.all.front().row) == settings_key(row)) return &group;
      if (equal) elsewhere = &group;
      if (options_.match == GateMatch::kName) named.push_back(&group);
    }
    if (named.size() == 1) return named.front();
    const std::string& name = frozen.experiment.name;
    result_.absent.push_back(
        elsewhere != nullptr ? fmt::format("{}: the new runs of this definition differ in {}", name,
                                           differing_settings(row, elsewhere->all.front().row))
        : named.size() > 1   ? fmt::format("{}: {} definitions of that name, none of them the "
                                             "baseline's",
                                           name, named.size())
        : options_.match == GateMatch::kId
            ? fmt::format("{}: no new run of this definition ({}); those that the baseline itself "
                          "holds do not count: take a --db of its own, or --again",
                          name, frozen.experiment.id.substr(0, 8))
            : fmt::format("{}: no new run of that name", name));
    return nullptr;
  }

  void hold(const RunGroup& frozen) {
    const RunGroup* partner = partner_of(frozen);
    if (partner == nullptr) return;
    frozen_ = &frozen;
    partner_ = partner;
    name_ = frozen.experiment.name;
    if (named_[name_] > 1) name_ += " " + frozen.experiment.id.substr(0, 8);
    rules_ = read_gate_rules(parse_toml(frozen.experiment.definition, name_).values);
    paired_ = frozen.experiment.id == partner->experiment.id;
    if (auto bits = bits_of(frozen, *partner); bits.pairs > 0) result_.bits.push_back(bits);
    const std::array pools = {pooled_runs(frozen, "the baseline"), pooled_runs(*partner, "this")};
    for (const auto& warning : settings_warnings(pools))
      result_.notes.push_back(fmt::format("{}: {}", name_, warning));
    if (paired_) name_seeds_not_run(frozen, *partner);
    const Measured before = measured(frozen, columns_);
    const Measured now = measured(*partner, columns_);
    label_columns(columns_);
    const std::array files = {options_.baseline, options_.database};
    explain_columns(columns_, kinds_in(files, options_.kinds));
    for (const MetricSummary& metric : before.metrics) {
      add_metric(metric, now, failed_seeds(frozen), failed_seeds(*partner));
    }
    for (const auto& [name, sample] : before.others) add_other(name, sample, now);
    count_evaluations(before, now);
    if (options_.timed) add_speeds(frozen.experiment.id);
    miss_unmatched_rules();
  }

  // Only seeds that both have are compared; a baseline of more says so.
  void name_seeds_not_run(const RunGroup& frozen, const RunGroup& now) {
    const auto lacking = std::ranges::count_if(frozen.counted, [&](const FoundRun& one) {
      return std::ranges::none_of(
          now.all, [&](const FoundRun& run) { return run.row.seed == one.row.seed; });
    });
    if (lacking == 0 || lacking == std::ssize(frozen.counted)) return;  // else other seeds
    result_.notes.push_back(fmt::format("{}: {} of the baseline's {} seeds were not run", name_,
                                        lacking, frozen.counted.size()));
  }

  // A critical rule of what neither side measured holds nothing.
  void miss_unmatched_rules() {
    for (const auto& [name, rule] : rules_) {
      if (rule.importance != Importance::kCritical || matched_.contains(name)) continue;
      if (!options_.timed && name.starts_with("images/s")) continue;
      result_.absent.push_back(fmt::format(
          "{}: [gate.{}] is critical, and the baseline has nothing of that name", name_, name));
    }
    matched_.clear();
  }

  // Of the label, else of the metric's name, else the default.
  GateRule rule_of(const std::string& label, const std::string& metric, Importance usual) {
    matched_.insert(label);
    matched_.insert(metric);
    for (const auto& name : {label, metric}) {
      if (const auto found = rules_.find(name); found != rules_.end()) return found->second;
    }
    return {.importance = usual};
  }

  void add_metric(const MetricSummary& metric, const Measured& now, std::int64_t failed_before,
                  std::int64_t failed_now) {
    const MetricColumn& column = columns_[metric.column];
    const GateRule rule = rule_of(column.label, column.metric, Importance::kCritical);
    const auto there = std::ranges::find(now.metrics, metric.column, &MetricSummary::column);
    if (there == now.metrics.end()) {
      not_measured(column, now, rule, failed_now);
      return;
    }
    add_row(column.label, rule, column.better, scores_of(metric, "", failed_before),
            scores_of(*there, "", failed_now));
    const auto examples = pair_examples(example_means(frozen_->counted, column.metric),
                                        example_means(partner_->counted, column.metric));
    if (examples) result_.rows.back().examples = example_pairs_text(*examples, "this");
  }

  void not_measured(const MetricColumn& column, const Measured& now, const GateRule& rule,
                    std::int64_t failed_now) {
    std::string why =
        failed_now > 0 ? fmt::format("{} seeds failed or diverged", failed_now) : "not measured";
    for (const MetricSummary& other : now.metrics) {
      const MetricColumn& there = columns_[other.column];
      if (there.metric != column.metric) continue;
      const auto fields = differing_fields({&column.protocol, &there.protocol});
      why = fmt::format("measured under another protocol ({})", fmt::join(fields, ", "));
    }
    if (rule.importance == Importance::kCritical)
      result_.absent.push_back(fmt::format("{}: {} {}", name_, column.label, why));
  }

  void add_other(const std::string& name, const Sample& before, const Measured& now) {
    const GateRule rule = rule_of(name, name, Importance::kAdvisory);
    const auto there = now.others.find(name);
    if (there == now.others.end()) {
      if (rule.importance == Importance::kCritical)
        result_.absent.push_back(fmt::format("{}: {} not measured", name_, name));
      return;
    }
    // Of a loss nobody says which way is better; a rule that makes it block means lower.
    const bool lower = name == kMemory || rule.importance != Importance::kAdvisory;
    add_row(name, rule, lower ? std::optional(Better::kLower) : std::nullopt, before,
            there->second);
  }

  void add_row(const std::string& metric, const GateRule& rule, std::optional<Better> better,
               Sample before, Sample now) {
    if (paired_) keep_common_seeds(before, now);
    GateRow row{name_, metric, rule.importance};
    const auto values = before.finite();
    const double size = values.empty() ? 0.0 : std::abs(summarise(values).mean.value());
    row.terms = {.better = better,
                 .margin = rule.equivalence.value_or(kEquivalenceShare * size),
                 .guard = std::max(rule.absolute, rule.relative * size),
                 .pairing = paired_ ? Pairing::kSeeds : Pairing::kNone,
                 .alpha = options_.alpha};
    row.baseline = std::move(before);
    row.current = std::move(now);
    row.decision = compare_samples(row.baseline, row.current, row.terms);
    result_.rows.push_back(std::move(row));
  }

  // How often a sample asked the network is no draw of chance.
  void count_evaluations(const Measured& before, const Measured& now) {
    for (const auto& [label, counts] : before.evaluations) {
      matched_.insert(std::string(kNetworkEvaluations));
      matched_.insert(fmt::format("{} of {}", kNetworkEvaluations, label));
      const auto there = now.evaluations.find(label);
      if (there == now.evaluations.end() || there->second == counts) continue;
      GateRow row{name_, fmt::format("{} of {}", kNetworkEvaluations, label)};
      row.importance =
          rule_of(std::string(kNetworkEvaluations), row.metric, Importance::kSupporting).importance;
      const auto most = [](const std::set<std::string>& all) {
        double largest = 0.0;
        for (const auto& one : all) {
          double count = 0.0;
          std::from_chars(one.data(), one.data() + one.size(), count);
          largest = std::max(largest, count);
        }
        return largest;
      };
      row.decision.test = "count";
      row.decision.effect = most(there->second) - most(counts);
      row.decision.verdict = *row.decision.effect > 0 ? Verdict::kWorse : Verdict::kBetter;
      row.sentence = fmt::format("{} network evaluations a sample, {} in the baseline",
                                 fmt::join(there->second, " and "), fmt::join(counts, " and "));
      result_.rows.push_back(std::move(row));
    }
  }

  void add_speeds(const std::string& id) {
    bool any = false;
    for (const TimedPhase& timed : *options_.timed) {
      if (timed.experiment_id != id) continue;
      any = true;
      const std::string metric = timing_metric(timed.phase);
      result_.rows.push_back(timing_row(
          timed, name_, rule_of(metric, metric, Importance::kSupporting), options_.alpha));
    }
    if (!any) result_.absent.push_back(name_ + ": no speed was measured beside the base build");
  }

  // One level over the rows that can fail the gate, one over those that cannot.
  void settle_rows(bool blocking) {
    std::vector<TableRow> table;
    for (GateRow& row : result_.rows) {
      if (can_fail(row) == blocking && row.decision.test != "count")
        table.push_back({&row.decision, &row.terms});
    }
    settle(table);
    add_plans(table);
  }

  std::int64_t count(Verdict verdict, std::span<const Importance> of) const {
    return std::ranges::count_if(result_.rows, [&](const GateRow& row) {
      return row.decision.verdict == verdict && std::ranges::find(of, row.importance) != of.end();
    });
  }

  void decide() {
    settle_rows(true);
    settle_rows(false);
    for (GateRow& row : result_.rows) {
      if (!row.sentence.empty()) continue;
      const bool named = !row.baseline.label.empty();
      row.sentence = verdict_sentence(named ? row.baseline.label : "the baseline",
                                      named ? row.current.label : "this", row.terms, row.decision);
      if (!row.examples.empty()) row.sentence += "; " + row.examples;
    }
    std::ranges::stable_sort(result_.rows, {}, [](const GateRow& row) {
      return std::pair(row.experiment, row.importance);
    });
    constexpr std::array kBlocking = {Importance::kCritical, Importance::kSupporting};
    const auto worse = count(Verdict::kWorse, kBlocking);
    const auto better = count(Verdict::kBetter, kBlocking);
    const auto open = count(Verdict::kInconclusive, std::span(kBlocking).first(1));
    const auto of = std::ranges::count_if(result_.rows, can_fail);
    result_.outcome = worse > 0                            ? GateOutcome::kRegression
                      : of == 0 || !result_.absent.empty() ? GateOutcome::kNoGo
                      : open > 0                           ? GateOutcome::kInconclusive
                                                           : GateOutcome::kPassed;
    result_.summary = fmt::format(
        "{}: of {} metrics that can fail it {} worse, {} better{}, {} the same, {} inconclusive; "
        "{} of the baseline not measured",
        outcome_name(result_.outcome), of, worse, better,
        better > 0 ? " (a finding too: save a new baseline if it is meant)" : "",
        count(Verdict::kSame, kBlocking), count(Verdict::kInconclusive, kBlocking),
        result_.absent.size());
  }

  const GateOptions& options_;
  std::vector<RunGroup> current_;
  std::vector<MetricColumn> columns_;
  GateResult result_;
  // Of the experiment that is being held against its baseline.
  const RunGroup* frozen_ = nullptr;
  const RunGroup* partner_ = nullptr;
  std::string name_;
  std::map<std::string, int> named_;  // definitions of that name in the baseline
  std::map<std::string, GateRule> rules_;
  std::set<std::string> matched_;  // names that a rule was looked up by
  bool paired_ = false;
};

}  // namespace

std::string_view outcome_name(GateOutcome outcome) {
  // In the order of the enumerators.
  constexpr std::array<std::string_view, 4> kNames = {"passed", "regression", "inconclusive",
                                                      "no-go"};
  return kNames[static_cast<std::size_t>(outcome)];
}

GateResult gate(const GateOptions& options) { return Gate(options).run(); }

int exit_code_of(GateOutcome outcome) {
  constexpr std::array kCodes = {ExitCode::kFine, ExitCode::kRegression, ExitCode::kInconclusive,
                                 ExitCode::kNotComparable};
  return static_cast<int>(kCodes[static_cast<std::size_t>(outcome)]);
}

}  // namespace assay
