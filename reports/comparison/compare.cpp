// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "core/error.h"
#include "core/near_miss.h"
#include "reports/gather.h"
#include "reports/metric_columns.h"
#include "reports/run_settings.h"

namespace assay {
namespace {

// A group of runs, and the operand it came with.
struct Candidate {
  std::size_t operand = 0;
  RunGroup group;
};

// How much of an id tells definitions of one name apart.
constexpr std::size_t kShortId = 8;

std::string label_of(const CompareOperand& operand, const RunGroup& group, std::size_t groups) {
  const RunRow& run = group.all.front().row;
  std::string label = group.experiment.name;
  if (groups > 1) {
    label += fmt::format(
        " {}", run.overrides.empty() ? group.experiment.id.substr(0, kShortId) : run.overrides);
    if (run.device != "cpu") label += " on " + run.device;
  }
  if (operand.whole) label = fmt::format("{} of {}", label, operand.label);
  if (operand.uuid) label += fmt::format(" (run {})", run.number);
  return label;
}

class Comparer {
 public:
  Comparer(const std::vector<CompareOperand>& operands, const CompareOptions& options)
      : operands_(operands), options_(options) {
    for (std::size_t i = 0; i < operands.size(); ++i) collect(i);
  }
  Comparer(Comparison entries, const CompareOptions& options)
      : operands_(kNone), options_(options), found_(std::move(entries)) {}

  Comparison each_with_each() {
    for (std::size_t i = 0; i < found_.entries.size(); ++i) {
      for (std::size_t j = i + 1; j < found_.entries.size(); ++j) pair(i, j);
    }
    decide();
    return std::move(found_);
  }

  Comparison run() {
    const bool databases =
        std::ranges::all_of(operands_, [](const CompareOperand& one) { return one.whole; });
    require_two();
    label_columns(found_.columns);
    require_known_metrics();
    std::vector<std::filesystem::path> files;
    for (const CompareOperand& one : operands_) files.push_back(one.database);
    explain_columns(found_.columns, kinds_in(files, options_.kinds));
    if (databases) {
      pair_by_name();
    } else {
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        for (std::size_t j = i + 1; j < candidates_.size(); ++j) pair(i, j);
      }
    }
    if (found_.pairs.empty()) throw Error(nothing_meets());
    decide();
    keep_wanted_columns();
    pair_single_examples();
    warn_of_settings();
    return std::move(found_);
  }

 private:
  void collect(std::size_t operand) {
    const CompareOperand& one = operands_[operand];
    const std::filesystem::path& file = one.database;
    // A run that is named itself is meant, hidden or not.
    const RunSelection selection{one.experiments, options_.where, one.uuid, one.uuid.has_value()};
    auto [groups, hidden, remarks] = gather_runs(std::span(&file, 1), selection);
    for (const RunRow& run : hidden) {
      found_.notes.push_back(
          fmt::format("{}, seed {}: run {} is hidden and left out; `assay "
                      "unhide {}` brings it back",
                      run.experiment, run.seed, run.number, run.number));
    }
    std::map<std::string, std::size_t> of_name;
    for (const RunGroup& group : groups) ++of_name[group.experiment.name];
    for (RunGroup& group : groups) {
      Entry entry;
      entry.label = label_of(one, group, of_name[group.experiment.name]);
      entry.id = group.experiment.id;
      entry.failed = failed_seeds(group);
      for (const FoundRun& run : group.counted) {
        entry.weights.insert(run.row.parent_uuid.value_or(run.row.uuid));
      }
      entry.metrics = metrics_of_group(group, found_.columns, History::kLast);
      found_.entries.push_back(std::move(entry));
      candidates_.push_back({operand, std::move(group)});
    }
    if (groups.empty()) {
      found_.notes.push_back(
          fmt::format("{}: no run{}", one.label, options_.where ? " that meets --where" : ""));
    }
  }

  // What one operand alone can be compared with is itself, if it holds several definitions.
  void require_two() const {
    if (operands_.size() > 1) return;
    const CompareOperand& one = operands_.front();
    if (one.whole) {
      throw Error(fmt::format(
          "compare: {} is a whole database, which is compared with another one; name a second, or "
          "experiments of it with --db {}",
          one.label, one.database.string()));
    }
    if (candidates_.size() != 1) return;
    throw Error(fmt::format(
        "compare: {} stands alone; name what it is compared with, another experiment, run or suite "
        "of {}: `assay status` and `assay list` show what there is",
        found_.entries.front().label, one.database.string()));
  }

  // A wish that nothing can meet is a typing error, even beside others that something meets.
  void require_known_metrics() const {
    std::vector<std::string> known;
    for (const MetricColumn& column : found_.columns) {
      known.push_back(column.metric);
      if (column.label != column.metric) known.push_back(column.label);
    }
    std::ranges::sort(known);
    for (const auto& wanted : options_.metrics) {
      if (known.empty() || std::ranges::find(known, wanted) != known.end()) continue;
      throw Error(fmt::format("compare: --metric {}: none of these runs has it{}", wanted,
                              suggestion(wanted, known, "metrics of theirs")));
    }
  }

  void warn_of_settings() {
    std::vector<PooledRuns> pools;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      pools.push_back(pooled_runs(candidates_[i].group, found_.entries[i].label));
    }
    for (auto& warning : settings_warnings(pools)) found_.notes.push_back(std::move(warning));
  }

  bool is_named_alike(std::size_t i, std::size_t j) const {
    return candidates_[i].group.experiment.name == candidates_[j].group.experiment.name;
  }

  // Of one name and one definition where there are several, else the only one of the name.
  void pair_by_name() {
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      for (std::size_t operand = candidates_[i].operand + 1; operand < operands_.size();
           ++operand) {
        std::vector<std::size_t> there, twins;
        for (std::size_t j = 0; j < candidates_.size(); ++j) {
          if (candidates_[j].operand == operand && is_named_alike(i, j)) there.push_back(j);
          if (candidates_[j].operand == candidates_[i].operand && is_named_alike(i, j))
            twins.push_back(j);
        }
        meet(i, operand, there, twins.size());
      }
    }
  }

  void meet(std::size_t i, std::size_t operand, const std::vector<std::size_t>& there,
            std::size_t twins) {
    for (const std::size_t j : there) {
      const bool equal = found_.entries[i].id == found_.entries[j].id &&
                         settings_key(candidates_[i].group.all.front().row) ==
                             settings_key(candidates_[j].group.all.front().row);
      if (equal) return pair(i, j);
    }
    if (there.size() == 1 && twins == 1 &&
        found_.entries[i].id == found_.entries[there.front()].id) {
      found_.notes.push_back(
          fmt::format("{} and {} are of one definition and differ in {}", found_.entries[i].label,
                      found_.entries[there.front()].label,
                      differing_settings(candidates_[i].group.all.front().row,
                                         candidates_[there.front()].group.all.front().row)));
      return pair(i, there.front());
    }
    if (there.size() == 1 && twins == 1) {
      found_.notes.push_back(fmt::format(
          "{} and {} are defined otherwise (ids {} and {}): `assay show` has both definitions",
          found_.entries[i].label, found_.entries[there.front()].label,
          found_.entries[i].id.substr(0, kShortId),
          found_.entries[there.front()].id.substr(0, kShortId)));
      return pair(i, there.front());
    }
    found_.notes.push_back(
        there.empty()
            ? fmt::format("{}: not in {}", found_.entries[i].label, operands_[operand].label)
            : fmt::format("{}: {} definitions of that name in {}, none of them this one; name two "
                          "by id",
                          found_.entries[i].label, there.size(), operands_[operand].label));
  }

  // Each entry's are read once, whatever it meets.
  void pair_single_examples() {
    std::map<std::pair<std::size_t, std::string>, ExampleMeans> known;
    const auto means = [&](std::size_t entry, const std::string& metric) -> const ExampleMeans& {
      const auto [found, fresh] = known.try_emplace({entry, metric});
      if (fresh) found->second = example_means(candidates_[entry].group.counted, metric);
      return found->second;
    };
    for (ComparedMetric& pair : found_.pairs) {
      if (!pair.differing.empty()) continue;
      const std::string& metric = found_.columns[pair.column].metric;
      pair.examples = pair_examples(means(pair.left, metric), means(pair.right, metric));
    }
  }

  // The table shows what is compared.
  void keep_wanted_columns() {
    for (Entry& entry : found_.entries) {
      std::erase_if(entry.metrics, [&](const MetricSummary& metric) {
        return !is_wanted(found_.columns[metric.column]);
      });
    }
  }

  bool is_wanted(const MetricColumn& column) const {
    const auto& wanted = options_.metrics;
    return wanted.empty() || std::ranges::find(wanted, column.metric) != wanted.end() ||
           std::ranges::find(wanted, column.label) != wanted.end();
  }

  void pair(std::size_t i, std::size_t j) {
    std::set<std::string> shared;
    for (const MetricSummary& metric : found_.entries[i].metrics) {
      const MetricColumn& column = found_.columns[metric.column];
      const auto there =
          std::ranges::find(found_.entries[j].metrics, metric.column, &MetricSummary::column);
      if (there == found_.entries[j].metrics.end() || !is_wanted(column)) continue;
      shared.insert(column.metric);
      add(i, j, metric, *there);
    }
    for (const MetricSummary& metric : found_.entries[i].metrics) {
      const MetricColumn& column = found_.columns[metric.column];
      if (is_wanted(column) && shared.insert(column.metric).second) add_apart(i, j, metric);
    }
  }

  ComparedMetric bare_pair(std::size_t i, std::size_t j, const MetricSummary& left,
                           const MetricSummary& right) const {
    ComparedMetric pair;
    pair.left = i;
    pair.right = j;
    pair.column = left.column;
    pair.left_scores = scores_of(left, found_.entries[i].label, found_.entries[i].failed);
    pair.right_scores = scores_of(right, found_.entries[j].label, found_.entries[j].failed);
    return pair;
  }

  void add(std::size_t i, std::size_t j, const MetricSummary& left, const MetricSummary& right) {
    ComparedMetric pair = bare_pair(i, j, left, right);
    pair.terms.better = found_.columns[left.column].better;
    pair.terms.alpha = options_.alpha;
    pair.terms.counted = is_counted(found_.columns[left.column]);
    if (left.last.mean) {
      pair.terms.margin = options_.margin * std::abs(*left.last.mean);
      pair.terms.guard = options_.guard * std::abs(*left.last.mean);
    }
    const bool same = std::ranges::any_of(found_.entries[i].weights, [&](const std::string& uuid) {
      return found_.entries[j].weights.contains(uuid);
    });
    pair.terms.pairing = same ? Pairing::kTrainings : Pairing::kNone;
    found_.pairs.push_back(std::move(pair));
  }

  // Samples made elsewhere know neither whose weights drew them nor how these computed: that is no
  // difference in how they were measured.
  static bool differs_by_the_model_alone(const Protocol& left, const Protocol& right) {
    return std::ranges::all_of(differing_fields({&left, &right}), [&](const std::string& field) {
      const bool of_model = field == "weights" || field == "convolution";
      return of_model && left.contains(field) != right.contains(field);
    });
  }

  // The same metric under other protocols: named, never compared.
  void add_apart(std::size_t i, std::size_t j, const MetricSummary& left) {
    const MetricColumn& column = found_.columns[left.column];
    for (const MetricSummary& right : found_.entries[j].metrics) {
      const MetricColumn& other = found_.columns[right.column];
      if (other.metric != column.metric) continue;
      if (differs_by_the_model_alone(column.protocol, other.protocol)) {
        add(i, j, left, right);
        return;
      }
      ComparedMetric pair = bare_pair(i, j, left, right);
      pair.decision.verdict = Verdict::kNotComparable;
      for (const auto& field : differing_fields({&column.protocol, &other.protocol})) {
        pair.differing.push_back(fmt::format("{}: {} / {}", field,
                                             protocol_field(column.protocol, field),
                                             protocol_field(other.protocol, field)));
      }
      found_.pairs.push_back(std::move(pair));
      return;
    }
  }

  void decide() {
    std::vector<TableRow> table;
    for (ComparedMetric& pair : found_.pairs) {
      if (pair.differing.empty()) {
        pair.decision = compare_samples(pair.left_scores, pair.right_scores, pair.terms);
      }
      table.push_back({&pair.decision, &pair.terms});
    }
    settle(table);
    add_plans(table);
  }

  std::string nothing_meets() const {
    std::string all;
    for (const auto& note : found_.notes) all += "\n  " + note;
    return fmt::format(
        "compare: nothing meets: no two of these hold complete runs with a metric in common{}{}; "
        "`assay status` and `assay list` show what there is",
        options_.metrics.empty() ? "" : " among --metric", all);
  }

  inline static const std::vector<CompareOperand> kNone = {};
  const std::vector<CompareOperand>& operands_;
  const CompareOptions& options_;
  std::vector<Candidate> candidates_;  // beside found_.entries
  Comparison found_;
};

}  // namespace

Comparison compare(const std::vector<CompareOperand>& operands, const CompareOptions& options) {
  return Comparer(operands, options).run();
}

Comparison compare_entries(Comparison entries, const CompareOptions& options) {
  return Comparer(std::move(entries), options).each_with_each();
}

}  // namespace assay
