// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace assay {

/// Ordered, so that output reads as it was written.
using Json = nlohmann::ordered_json;

/// Options that every command has.
struct CommonOptions {
  std::filesystem::path
      database;  ///< --db, else ASSAY_DB, else results/assay.sqlite of the project
  int threads = 1;
  bool quiet = false;
  bool debug = false;
  bool json = false;
};

/// A finite number, or its name as text: JSON has no NaN.
Json json_number(double value);

/// Shortest text that a person wants: about five significant digits.
std::string short_number(double value);

/// "0:41", "12:03", "2:05:00".
std::string duration_text(double seconds);

/// True if the output is a person's terminal and may be drawn on: not in CI, not with NO_COLOR or
/// --quiet.
bool is_terminal(int descriptor);

}  // namespace assay
