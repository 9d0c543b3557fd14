// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "core/events.h"

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
  std::optional<double> spread = {};  ///< after the ±; a stated 0 is a value
  std::string spread_of = {};         ///< "standard deviation", "standard error", …; "not stated"
  std::int64_t runs = 0;              ///< trainings behind the value; 0: not stated
  std::string paper = {};             ///< who published it: "Lin et al. 2018 (PacGAN)"
  std::string source = {};            ///< paper or repository it was read in, with its table
  std::string tier = {};              ///< "cpu", "gpu" or "full": what it takes to repeat it
  std::string protocol = {};          ///< how it was measured, in words
  Protocol fields = {};    ///< and in fields of a score's protocol here, which must agree
  double tolerance = 0.0;  ///< a difference up to this is none; 0: nobody repeats it yet
  std::string needs = {};  ///< why it cannot be repeated here; empty: it can
  Certainty certainty = Certainty::kMemory;
  std::vector<std::string> experiments = {};  ///< of this repository, that repeat it
  std::string where = {};                     ///< "published.toml:12:1"
};

/// results/published.toml: values, and the definitions that repeat them.
struct PublishedValues {
  std::vector<PublishedValue> values;
  std::map<std::string, std::string> ids;  ///< of the experiments that values name, by name
};

const Schema& published_schema();

/// False for what is known from memory only: such a value may be looked for, and not be shown.
bool is_fact(const PublishedValue& value);

/// "read in the paper", …
std::string_view certainty_text(Certainty certainty);

/// Throws Error with file:line:column for an unknown or missing key, a wrong type, an unknown
/// certainty or tier, a spread that nobody says the meaning of, and an experiment that is named
/// without its id, or without the tolerance that its runs are held to.
PublishedValues read_published(std::string_view toml, const std::string& label);

/// The whole of results/published.toml, as it was when this program was built.
const PublishedValues& published_values();

}  // namespace assay
