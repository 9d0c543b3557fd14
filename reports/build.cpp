// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "reports/findings.h"
#include "reports/gather.h"
#include "reports/metric_columns.h"
#include "reports/papers/match.h"
#include "reports/report.h"
#include "reports/run_settings.h"
#include "reports/settings.h"
#include "reports/sweeps.h"
#include "reports/watched_report.h"
#include "results/queries.h"
#include "results/row_writer.h"

namespace assay {
namespace {

// Of experiments that train alike and are scored apart the one that most seeds stand for, of
// equally many the one that trained; nothing if there are two of those, or trainings differ.
const ExperimentSummary* main_among(const std::vector<const ExperimentSummary*>& alike) {
  const auto training_of = [](const ExperimentSummary* one) {
    return one->runs.empty() ? std::nullopt : one->runs.front().training_id;
  };
  const auto weight = [](const ExperimentSummary* one) {
    const bool trains = std::ranges::any_of(
        one->runs, [](const RunRow& run) { return !run.parent_uuid.has_value(); });
    return std::pair(one->counted.size(), trains);
  };
  const auto first = training_of(alike.front());
  const bool one_training = first && std::ranges::all_of(alike, [&](const auto* one) {
                              return training_of(one) == first;
                            });
  const auto* most = *std::ranges::max_element(alike, {}, weight);
  const bool alone = std::ranges::count(alike, weight(most), weight) == 1;
  return one_training && alone ? most : nullptr;
}

// What tells experiments of one label apart: the settings in which they differ; where that would
// say too much nothing of the main one and of others one setting, else their ids.
std::vector<std::string> distinctions(const std::vector<const ExperimentSummary*>& alike) {
  constexpr std::size_t kLongest = 60;
  constexpr std::size_t kShortId = 8;
  const auto fit = [](const std::vector<std::string>& texts) {
    return std::ranges::all_of(
        texts, [](const std::string& text) { return !text.empty() && text.size() <= kLongest; });
  };
  std::vector<std::string> texts = differing_settings(alike);
  if (fit(texts)) return texts;
  texts = telling_setting(alike);
  const bool telling = fit(texts);
  const ExperimentSummary* main = telling ? main_among(alike) : nullptr;
  for (std::size_t i = 0; i < alike.size(); ++i) {
    if (!telling) texts[i] = alike[i]->id.substr(0, kShortId);
    if (alike[i] == main) texts[i].clear();
  }
  return texts;
}

// Of one definition they are told apart by how they were run.
void tell_apart(std::vector<ExperimentSummary>& experiments, const std::string& label) {
  std::vector<const ExperimentSummary*> alike;
  for (const auto& experiment : experiments) {
    if (experiment.label == label) alike.push_back(&experiment);
  }
  const bool several =
      std::ranges::any_of(alike, [&](const auto* one) { return one->id != alike.front()->id; });
  const std::vector<std::string> definitions = distinctions(alike);
  const std::vector<std::string> runs = settings_apart(alike);
  std::size_t next = 0;
  for (auto& experiment : experiments) {
    if (experiment.label != label) continue;
    if (several && !definitions[next].empty()) experiment.label += " · " + definitions[next];
    if (!runs[next].empty()) experiment.label += " · " + runs[next];
    ++next;
  }
}

void label_experiments(std::vector<ExperimentSummary>& experiments) {
  std::map<std::string, int> uses;
  for (auto& experiment : experiments) {
    experiment.label = experiment.name + (experiment.smoke ? " (smoke)" : "");
    ++uses[experiment.label];
  }
  for (const auto& [label, count] : uses) {
    if (count > 1) tell_apart(experiments, label);
  }
}

// The digest of uncommitted changes follows a '+' (Commit in harness/environment.h).
std::string commit_text(const RunRow& run) {
  constexpr std::size_t kShortCommit = 10;
  constexpr std::size_t kShortDigest = 8;
  const std::string text = run.commit_id.substr(0, kShortCommit) + (run.dirty ? " + changes" : "");
  const auto plus = run.commit_id.find('+');
  if (plus == std::string::npos) return text;
  return text + " " + run.commit_id.substr(plus + 1, kShortDigest);
}

void add_commits(Report& report) {
  for (const auto& experiment : report.experiments) {
    for (const auto& run : experiment.counted) {
      const std::string text = commit_text(run);
      if (std::ranges::find(report.commits, text) == report.commits.end())
        report.commits.push_back(text);
    }
  }
}

void add_machines(Report& report, const std::vector<RunGroup>& groups) {
  for (const auto& group : groups) {
    for (const auto& run : group.counted) {
      const MachineRow machine = machine_of(*run.database, run.row.machine_id);
      const auto known = std::ranges::find(report.machines, machine, &MachineUse::machine);
      if (known == report.machines.end()) {
        report.machines.push_back({machine, 1});
      } else {
        ++known->runs;
      }
    }
  }
}

void add_unfinished(Report& report) {
  for (const auto& experiment : report.experiments) {
    for (const auto& run : experiment.runs) {
      if (run.status != "complete") report.unfinished.push_back(run);
    }
  }
}

bool is_wanted(const ReportOptions& options, const StoredVerdict& stored) {
  const auto& suites = options.suites;
  if (!suites.empty() && std::ranges::find(suites, stored.suite) == suites.end()) return false;
  const auto& wanted = options.experiments;
  const ClaimEvidence& evidence = stored.verdict.evidence;
  return wanted.empty() || std::ranges::all_of(std::array{&evidence.left, &evidence.right},
                                               [&](const ClaimSide* side) {
                                                 const auto is_side = [&](const std::string& one) {
                                                   return one == side->definition_id ||
                                                          one == side->experiment;
                                                 };
                                                 return std::ranges::any_of(wanted, is_side);
                                               });
}

void add_claims(Report& report, std::span<const std::filesystem::path> databases,
                const ReportOptions& options) {
  std::vector<VerdictRow> rows;
  for (const auto& file : databases) {
    const auto more = verdicts(Database::open_for_reading(file));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  for (StoredVerdict& stored : newest_verdicts(rows)) {
    if (is_wanted(options, stored)) report.claims.push_back(std::move(stored));
  }
}

std::string run_text(const RunRow& run) {
  return fmt::format("{}, seed {} (run {})", run.experiment, run.seed, run.uuid.substr(0, 8));
}

void add_hidden(const GatheredRuns& gathered, Report& report) {
  for (const auto& run : gathered.hidden) {
    const std::string& why = gathered.remarks.at(run.uuid).why_hidden;
    report.warnings.push_back(
        fmt::format("{} is hidden and left out{}{}.", run_text(run), why.empty() ? "" : ": ", why));
  }
}

// Notes and tags, where a reader looks before quoting a number.
void add_remarks(const GatheredRuns& gathered, Report& report) {
  for (const auto& experiment : report.experiments) {
    for (const auto& run : experiment.runs) {
      const auto found = gathered.remarks.find(run.uuid);
      if (found == gathered.remarks.end()) continue;
      const std::string tags = fmt::format("{}", fmt::join(found->second.tags, ", "));
      if (!tags.empty())
        report.warnings.push_back(fmt::format("{} is tagged {}.", run_text(run), tags));
      for (const auto& note : found->second.notes)
        report.warnings.push_back(fmt::format("{} was noted: {}", run_text(run), note.text));
    }
  }
}

// What changes whenever a run records something.
std::string moves_of(const RunGroup& group) {
  std::string text;
  for (const auto& run : group.all) {
    text += fmt::format("{} {} {} {} {}\n", run.row.uuid, run.row.status, run.row.phase,
                        run.row.images_seen, run.row.updated_at);
  }
  return text;
}

bool is_running(const RunGroup& group) {
  return std::ranges::any_of(group.all,
                             [](const FoundRun& run) { return run.row.status == "running"; });
}

// What follows from the experiments and columns that were read.
void complete(Report& report, const std::vector<RunGroup>& groups,
              std::span<const std::filesystem::path> databases, const ReportOptions& options) {
  label_experiments(report.experiments);
  report.sweeps = find_sweeps(report.experiments);
  add_claims(report, databases, options);
  report.published = match_published(report, published_values());
  add_commits(report);
  add_machines(report, groups);
  add_unfinished(report);
  report.warnings = warnings_of(report);
  report.summary = summary_of(report);
}

}  // namespace

WatchedReport::WatchedReport(std::vector<std::filesystem::path> databases, ReportOptions options)
    : databases_(std::move(databases)), options_(std::move(options)) {}

Report WatchedReport::read() {
  Report report;
  report.title = options_.title.empty() ? "assay report" : options_.title;
  report.generated_at = options_.generated_at.empty() ? utc_now() : options_.generated_at;
  for (const auto& file : databases_) report.databases.push_back(file.filename().string());
  const auto gathered = gather_runs(databases_, {.experiments = options_.experiments});
  read_ = 0;
  for (const auto& group : gathered.groups) {
    Known& known = known_[group.experiment.id + "\n" + settings_key(group.all.front().row)];
    const std::string moves = moves_of(group);
    if (known.moves != moves || is_running(group)) {
      known = {moves, summarise_group(group, columns_)};
      ++read_;
    }
    report.experiments.push_back(known.summary);
  }
  report.columns = columns_;
  label_columns(report.columns);
  explain_columns(report.columns, kinds_in(databases_, options_.kinds));
  complete(report, gathered.groups, databases_, options_);
  add_hidden(gathered, report);
  add_remarks(gathered, report);
  return report;
}

Report build_report(std::span<const std::filesystem::path> databases,
                    const ReportOptions& options) {
  return WatchedReport({databases.begin(), databases.end()}, options).read();
}

Report build_report(const std::filesystem::path& database, const ReportOptions& options) {
  return build_report(std::span(&database, 1), options);
}

}  // namespace assay
