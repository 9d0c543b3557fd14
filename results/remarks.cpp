// SPDX-License-Identifier: Apache-2.0
#include "results/remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

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

void apply(std::string_view kind, const std::string& at, const std::string& text, RunRemarks& to) {
  if (kind == "note") {
    to.notes.push_back({at, text});
  } else if (kind == "tag") {
    to.tags.insert(text);
  } else if (kind == "untag") {
    to.tags.erase(text);
  } else {
    to.hidden = kind == "hide";
    to.why_hidden = to.hidden ? text : "";
  }
}

}  // namespace

void add_remark(Database& database, const std::string& run, RemarkKind kind,
                const std::string& text) {
  Transaction transaction(database);
  require_change(remarks_of(database)[run], kind, text);
  database
      .prepare(
          "INSERT INTO remark (uuid, run_uuid, at, kind, text, digest) VALUES (?, ?, ?, ?, ?, '')")
      .bind(random_uuid(), run, utc_now(), kind_name(kind), text)
      .run();
  seal_row(database, "remark", database.last_row());
  transaction.commit();
}

std::map<std::string, RunRemarks> remarks_of(const Database& database) {
  std::map<std::string, RunRemarks> remarks;
  if (version_of(database) < kWithRemarks) return remarks;
  // Merged rows come after those that were there, whenever they were made.
  auto query = database.prepare("SELECT run_uuid, kind, at, text FROM remark ORDER BY at, id");
  while (query.step()) apply(query.text(1), query.text(2), query.text(3), remarks[query.text(0)]);
  return remarks;
}

std::set<std::string> hidden_runs(const Database& database) {
  std::set<std::string> hidden;
  for (const auto& [run, remarks] : remarks_of(database)) {
    if (remarks.hidden) hidden.insert(run);
  }
  return hidden;
}

std::int64_t merge_remarks(Database& target, const Database& source) {
  if (version_of(source) < kWithRemarks) return 0;
  std::int64_t copied = 0;
  Transaction transaction(target);
  auto query = source.prepare("SELECT uuid, run_uuid, at, kind, text FROM remark ORDER BY at, id");
  while (query.step()) {
    auto known = target.prepare(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM remark WHERE uuid = ?1) OR NOT EXISTS (SELECT 1 FROM "
        "run WHERE uuid = ?2)");
    known.bind(query.text(0), query.text(1));
    if (known.step()) continue;
    target
        .prepare(
            "INSERT INTO remark (uuid, run_uuid, at, kind, text, digest) VALUES (?, ?, ?, ?, ?, "
            "'')")
        .bind(query.text(0), query.text(1), query.text(2), query.text(3), query.text(4))
        .run();
    seal_row(target, "remark", target.last_row());
    ++copied;
  }
  transaction.commit();
  return copied;
}

}  // namespace assay
