// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/claim.h"
#include "config/definition.h"

namespace assay {

/// One [[member]] of a suite: an experiment, and what differs from its definition.
struct SuiteMember {
  std::string experiment;                 ///< name, or path relative to the suite's file
  std::string name;                       ///< what claims call it: `as`, else the experiment
  std::vector<std::uint64_t> seeds = {};  ///< empty: the definition's own
  std::vector<Override> overrides = {};   ///< from set = ["key=value", …]
};

/// A list of experiments that are run and reported together: a TOML file in experiments/suites/.
struct Suite {
  std::string name;
  std::string note;
  bool smoke = false;  ///< run every member cut to seconds, as --smoke does
  std::vector<SuiteMember> members;
  std::vector<Claim> claims = {};  ///< judged together at the end
};

/// Keys at the top of a suite and of a [[member]].
const Schema& suite_schema();
const Schema& member_schema();

/// True if the text holds [[member]] tables. Throws Error for text that is not TOML.
bool is_suite(const std::filesystem::path& file);

/// A member with sweep = ["key=a,b"] stands for one of each point, named "NAME key=a". Throws Error
/// with file:line:column for an unknown key, a wrong type, a member without experiment, no member,
/// a sweep of keys that can change weights, a claim that read_claim refuses or that two members of
/// one name could be meant by, or two claims of one text.
Suite read_suite(const std::filesystem::path& file);

/// "0,1,2" or "0..4" (both ends included) or a mixture, each once. Throws Error naming --seeds: for
/// a seed over 2^63 - 1 too, which other readers of the database would take for a negative one.
std::vector<std::uint64_t> parse_seeds(std::string_view text);
/// One of them, naming --seed.
std::uint64_t parse_one_seed(std::string_view text);

/// Whether a key says what a definition is, and so changes no run: name, note, tier, reproduces.
bool only_describes(std::string_view key);

/// Whether a top-level key says how a file is read, which no option can change.
bool is_of_files(std::string_view key);

/// Every combination of the values of "key=a,b,c" arguments; one empty point if there are none. A
/// list value is written in brackets: key=[1, 2],[4]. Throws Error naming --sweep.
std::vector<std::vector<Override>> expand_sweeps(const std::vector<std::string>& arguments);

}  // namespace assay
