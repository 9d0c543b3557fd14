// SPDX-License-Identifier: Apache-2.0
#include "results/merge.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "results/integrity.h"
#include "results/migrate.h"
#include "results/queries.h"
#include "results/remarks.h"
#include "results/row_digest.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay {
namespace {

// Tables whose rows belong to one run.
constexpr std::array<std::string_view, 6> kOfRuns = {"series",   "metric",     "throughput",
                                                     "artifact", "checkpoint", "event"};

constexpr std::int64_t kBaselineMark = 0x61737362;  // "assb"

using Replaced = std::map<std::string, std::int64_t, std::less<>>;

// The source's current row under the names of its columns: a target of a later schema keeps NULL in
// those it lacks. `left_out`: columns that the target numbers anew.
void copy_row(const Statement& row, Database& target, std::string_view table,
              const Replaced& replaced, const std::set<std::string, std::less<>>& left_out,
              std::string_view verb = "INSERT") {
  std::string names, places;
  std::vector<int> columns;
  for (int c = 0; c < row.columns(); ++c) {
    if (left_out.contains(row.column_name(c))) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.column_name(c));
    places += places.empty() ? "?" : ", ?";
    columns.push_back(c);
  }
  auto insert =
      target.prepare(fmt::format("{} INTO {} ({}) VALUES ({})", verb, table, names, places));
  int place = 0;
  for (const int c : columns) {
    const auto value = replaced.find(row.column_name(c));
    if (value != replaced.end()) {
      insert.bind_value(place++, value->second);
    } else {
      insert.copy_value(place++, row, c);
    }
  }
  insert.run();
}

class Merger {
 public:
  Merger(Database& target, const std::filesystem::path& file, const MergeSelection& selection)
      : target_(target), source_(Database::open_for_reading(file)), selection_(selection) {}

  Merged run() {
    add_metric_kinds_that_lack();
    for (const RunRow& row : runs(source_)) {
      if (!selection_.runs || selection_.runs->contains(row.number)) merge_run(row);
    }
    if (selection_.verdicts) merge_verdicts();
    merge_remarks(target_, source_);
    return merged_;
  }

 private:
  void add_metric_kinds_that_lack() {
    const auto known = metric_kinds_of(target_);
    std::vector<MetricKind> lacking;
    for (const MetricKind& kind : metric_kinds_of(source_)) {
      if (std::ranges::find(known, kind.name, &MetricKind::name) == known.end())
        lacking.push_back(kind);
    }
    add_metric_kinds(target_, lacking);
  }

  std::optional<RunRow> run_of(const std::string& uuid) const {
    auto query = target_.prepare("SELECT id FROM run WHERE uuid = ?");
    query.bind(uuid);
    if (!query.step()) return std::nullopt;
    return find_run(target_, uuid);
  }

  void merge_run(const RunRow& row) {
    if (row.status == "running") {
      merged_.left.push_back(fmt::format("run {} of {} is still running", row.number, row.uuid));
      return;
    }
    const auto there = run_of(row.uuid);
    if (there && there->status == "complete") {
      if (row.status == "complete" && there->rows_digest != row.rows_digest &&
          !differ_by_pruning(*there, row)) {
        refuse_other(row);
      }
      ++merged_.known;
      return;
    }
    const bool newer = !there || there->images_seen < row.images_seen || row.status == "complete";
    if (!newer || (there && there->status == "running")) {
      ++merged_.known;
      return;
    }
    require_sound(source_, row);
    if (selection_.checkpoints) copy_checkpoints(row.uuid);
    copy_run(row, there);
    ++(there ? merged_.renewed : merged_.runs);
  }

  // Pictures that one of them has no more.
  bool differ_by_pruning(const RunRow& there, const RunRow& row) const {
    const auto pruned = [](const Database& database, std::int64_t run) {
      auto query = database.prepare("SELECT 1 FROM event WHERE run_id = ? AND kind = 'pruned'");
      query.bind(run);
      return query.step();
    };
    return (pruned(target_, there.number) || pruned(source_, row.number)) &&
           digest_of_numbers(target_, there.number) == digest_of_numbers(source_, row.number);
  }

  [[noreturn]] void refuse_other(const RunRow& row) const {
    throw Error(fmt::format(
        "{} and {}: run {} is complete in both, with other rows in each; one of them was made by a "
        "copy that went on by itself: find out which, and merge without the other",
        target_.file().string(), source_.file().string(), row.uuid));
  }

  // Before its rows: a crash between the two leaves files too many, never a row without its file.
  void copy_checkpoints(const std::string& uuid) const {
    const auto from = run_folder(source_.file(), uuid);
    const auto to = run_folder(target_.file(), uuid);
    if (!is_folder(from)) return;
    make_folder(to);
    for (const auto& file : entries_of(from)) {
      if (file.filename() != "lock" && is_file(file)) duplicate_file(file, to / file.filename());
    }
  }

  void copy_run(const RunRow& row, const std::optional<RunRow>& there) {
    ExperimentRow experiment = experiment_of(source_, row.experiment_id);
    add_experiment(target_, experiment);
    const std::int64_t machine = add_machine(target_, machine_of(source_, row.machine_id));
    Transaction transaction(target_);
    if (there) remove_run(there->number);
    auto query = source_.prepare("SELECT * FROM run WHERE id = ?");
    query.bind(row.number);
    query.step();
    copy_row(query, target_, "run", {{"machine_id", machine}}, {"id"});
    const std::int64_t number = target_.last_row();
    copy_protocols(row.number);
    for (const auto table : kOfRuns) copy_table(table, row.number, number);
    seal_row(target_, "run", number);
    if (row.rows_digest && digest_of_results(target_, number) != *row.rows_digest) {
      throw std::logic_error(fmt::format("run {} was not copied as it is", row.uuid));
    }
    transaction.commit();
  }

  void remove_run(std::int64_t number) {
    for (const auto table : kOfRuns) {
      target_.prepare(fmt::format("DELETE FROM {} WHERE run_id = ?", table)).bind(number).run();
    }
    target_.prepare("DELETE FROM run WHERE id = ?").bind(number).run();
  }

  void copy_protocols(std::int64_t run) {
    auto query = source_.prepare(
        "SELECT * FROM protocol WHERE id IN (SELECT protocol_id FROM metric WHERE run_id = ?)");
    query.bind(run);
    while (query.step()) copy_row(query, target_, "protocol", {}, {}, "INSERT OR IGNORE");
  }

  void copy_table(std::string_view table, std::int64_t from, std::int64_t to) {
    // Events have no key but their order.
    auto query = source_.prepare(fmt::format("SELECT * FROM {} WHERE run_id = ?{}", table,
                                             table == "event" ? " ORDER BY id" : ""));
    query.bind(from);
    while (query.step()) copy_row(query, target_, table, {{"run_id", to}}, {"id"});
  }

  // By uuid; those of an older assay have none, and are known by all that they say.
  void merge_verdicts() {
    Transaction transaction(target_);
    auto query = source_.prepare("SELECT * FROM verdict ORDER BY id");
    while (query.step()) {
      if (has_verdict(query)) continue;
      copy_row(query, target_, "verdict", {}, {"id"});
      seal_row(target_, "verdict", target_.last_row());
      ++merged_.verdicts;
    }
    transaction.commit();
  }

  bool has_verdict(const Statement& verdict) const {
    std::string uuid, at, suite, subject, detail;
    for (int c = 0; c < verdict.columns(); ++c) {
      const auto name = verdict.column_name(c);
      std::string* into = name == "uuid"      ? &uuid
                          : name == "at"      ? &at
                          : name == "suite"   ? &suite
                          : name == "subject" ? &subject
                          : name == "detail"  ? &detail
                                              : nullptr;
      if (into != nullptr && !verdict.is_null(c)) *into = verdict.text(c);
    }
    auto known = target_.prepare(
        "SELECT 1 FROM verdict WHERE uuid = ?1 OR (?1 = '' AND uuid IS NULL AND at = ?2 AND suite "
        "= ?3 AND subject = ?4 AND detail = ?5)");
    known.bind(uuid, at, suite, subject, detail);
    return known.step();
  }

  Database& target_;
  Database source_;
  const MergeSelection& selection_;
  Merged merged_;
};

}  // namespace

Merged merge(Database& target, const std::filesystem::path& source,
             const MergeSelection& selection) {
  std::error_code unknown;
  if (std::filesystem::equivalent(target.file(), source, unknown)) return {};
  return Merger(target, source, selection).run();
}

void mark_baseline(Database& database) {
  database.execute(fmt::format("PRAGMA application_id = {}", kBaselineMark));
}

bool is_baseline(const std::filesystem::path& file) {
  try {
    return Database::open_for_reading(file).integer("PRAGMA application_id") == kBaselineMark;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace assay
