// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace assay {

/// How sure a published number is.
enum class Certainty {
  kRepository,  ///< "R": read in the official repository
  kTable,       ///< "T": read in a copy of the paper's table or text
  kSecondary,   ///< "S": read in a secondary source that quotes the paper
  kMemory       ///< "M": from memory; never shown as a fact
};

/// One [[published]] table of results/published.toml: a number of a paper, and what it was measured
/// on.
struct PublishedValue {
  std::string model;
  std::string data;
  std::string metric;  ///< as assay calls it, where it has it; "fid" under Inception-v3
  double value = 0.0;
  double spread = 0.0;         ///< 0: not stated
  std::string spread_of = {};  ///< "standard deviation", "standard error", …; "not stated"
  std::int64_t runs = 0;       ///< trainings behind the value; 0: not stated
  std::string source = {};     ///< paper or repository, with its table
  std::string protocol = {};   ///< how it was measured
  Certainty certainty = Certainty::kMemory;
  std::vector<std::string> experiments = {};  ///< of this repository, that repeat it
  std::string where = {};                     ///< "published.toml:12:1"
};

const Schema& published_schema();

/// False for what is known from memory only: such a value may be looked for, and not be shown.
bool is_fact(const PublishedValue& value);

/// "read in the paper", …
std::string_view certainty_text(Certainty certainty);

/// Throws Error with file:line:column for an unknown or missing key, a wrong type, an unknown
/// certainty, or a spread that nobody says the meaning of.
std::vector<PublishedValue> read_published(std::string_view toml, const std::string& label);

/// The whole of results/published.toml, as it was when this program was built.
const std::vector<PublishedValue>& published_values();

}  // namespace assay
