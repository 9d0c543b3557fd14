// SPDX-License-Identifier: Apache-2.0
#include "results/remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "results/migrate.h"
#include "results/row_digest.h"
#include "results/row_writer.h"

namespace assay {
namespace {

std::string_view kind_name(RemarkKind kind) {
  // In the order of the enumerators.
  constexpr std::array<std::string_view, 5> kNames = {"note", "tag", "untag", "hide", "unhide"};
  return kNames[static_cast<std::size_t>(kind)];
}

void require_word(const std::string& tag) {
  constexpr std::size_t kLongest = 64;
  const bool word =
      !tag.empty() && tag.size() <= kLongest && std::ranges::none_of(tag, [](unsigned char c) {
        return std::isspace(c) != 0 || std::iscntrl(c) != 0 || c == ',';
      });
  if (word) return;
  throw Error(fmt::format(
      "tag '{:.80}': is not one word of at most {} bytes; a sentence is for `assay note`", tag,
      kLongest));
}

void require_change(const RunRemarks& now, RemarkKind kind, const std::string& text) {
  if (kind == RemarkKind::kTag || kind == RemarkKind::kUntag) require_word(text);
  if (kind == RemarkKind::kTag && now.tags.contains(text))
    throw Error(fmt::format("tag '{}': the run has it already", text));
  if (kind == RemarkKind::kUntag && !now.tags.contains(text))
    throw Error(
        fmt::format("tag '{}': the run does not have it; `assay show` lists its tags", text));
  if (kind == RemarkKind::kHide && now.hidden)
    throw Error("hide: the run is hidden already; `assay unhide` shows it again");
  if (kind == RemarkKind::kUnhide && !now.hidden) throw Error("unhide: the run is not hidden");
}

struct Remark {
  std::string uuid, run, at, kind, text;
};

// Merged rows come after those that were there, whenever they were made.
std::vector<Remark> remarks_in(const Database& database) {
  std::vector<Remark> remarks;
  if (version_of(database) < kWithRemarks) return remarks;
  auto query =
      database.prepare("SELECT uuid, run_uuid, at, kind, text FROM remark ORDER BY at, id");
  while (query.step()) {
    remarks.push_back({query.text(0), query.text(1), query.text(2), query.text(3), query.text(4)});
  }
  return remarks;
}

void insert(Database& database, const Remark& remark) {
  database
      .prepare(
          "INSERT INTO remark (uuid, run_uuid, at, kind, text, digest) VALUES (?, ?, ?, ?, ?, '')")
      .bind(remark.uuid, remark.run, remark.at, remark.kind, remark.text)
      .run();
  seal_row(database, "remark", database.last_row());
}

void apply(const Remark& remark, RunRemarks& to) {
  if (remark.kind == "note") {
    to.notes.push_back({remark.at, remark.text});
  } else if (remark.kind == "tag") {
    to.tags.insert(remark.text);
  } else if (remark.kind == "untag") {
    to.tags.erase(remark.text);
  } else {
    to.hidden = remark.kind == "hide";
    to.why_hidden = to.hidden ? remark.text : "";
  }
}

}  // namespace

void add_remark(Database& database, const std::string& run, RemarkKind kind,
                const std::string& text) {
  Transaction transaction(database);
  require_change(remarks_of(database)[run], kind, text);
  insert(database, {random_uuid(), run, utc_now(), std::string(kind_name(kind)), text});
  transaction.commit();
}

std::map<std::string, RunRemarks> remarks_of(std::span<const Database* const> databases) {
  std::vector<Remark> all;
  std::set<std::string> known;
  for (const Database* database : databases) {
    for (Remark& remark : remarks_in(*database)) {
      if (known.insert(remark.uuid).second) all.push_back(std::move(remark));
    }
  }
  std::ranges::stable_sort(all, {}, &Remark::at);
  std::map<std::string, RunRemarks> remarks;
  for (const Remark& remark : all) apply(remark, remarks[remark.run]);
  return remarks;
}

std::map<std::string, RunRemarks> remarks_of(const Database& database) {
  const Database* const one = &database;
  return remarks_of(std::span(&one, 1));
}

std::set<std::string> hidden_runs(const Database& database) {
  std::set<std::string> hidden;
  for (const auto& [run, remarks] : remarks_of(database)) {
    if (remarks.hidden) hidden.insert(run);
  }
  return hidden;
}

void merge_remarks(Database& target, const Database& source) {
  Transaction transaction(target);
  for (const Remark& remark : remarks_in(source)) {
    auto known = target.prepare(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM remark WHERE uuid = ?1) OR NOT EXISTS (SELECT 1 FROM "
        "run WHERE uuid = ?2)");
    known.bind(remark.uuid, remark.run);
    if (!known.step()) insert(target, remark);
  }
  transaction.commit();
}

}  // namespace assay
