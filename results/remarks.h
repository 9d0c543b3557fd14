// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/database.h"

namespace assay {

/// What a person says of a run afterwards. Rows are only ever added: taking a tag away or showing a
/// hidden run again is a row too, and the newest one counts.
enum class RemarkKind { kNote, kTag, kUntag, kHide, kUnhide };

/// Durable when it returns. `run` is the run's uuid; of a note `text` is what it says, of a tag its
/// name, of kHide why. Throws Error for a tag that is no single word, or is not there to be taken
/// away, and where the run is hidden, or shown, already.
void add_remark(Database& database, const std::string& run, RemarkKind kind,
                const std::string& text);

struct RunNote {
  std::string at;  ///< UTC
  std::string text;
};

/// All that was said of one run, as it stands.
struct RunRemarks {
  std::vector<RunNote> notes = {};  ///< oldest first
  std::set<std::string> tags = {};
  bool hidden = false;  ///< left out of reports, comparisons and lists
  std::string why_hidden = {};
};

/// By the uuids of runs that something was said of; empty for a database of an older assay.
std::map<std::string, RunRemarks> remarks_of(const Database& database);
/// The same of several databases together: a row that several hold counts once, and of hide and
/// unhide, tag and untag the newest of all counts.
std::map<std::string, RunRemarks> remarks_of(std::span<const Database* const> databases);
/// uuids of hidden runs.
std::set<std::string> hidden_runs(const Database& database);

/// Copies what `target` lacks of the source's remarks on runs that it holds.
void merge_remarks(Database& target, const Database& source);

}  // namespace assay
