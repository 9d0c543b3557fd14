// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "reports/json_number.h"

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

/// Prints one JSON document. Bytes of names, paths and reasons that are no UTF-8 become U+FFFD.
void print_json(const Json& json);

/// Anybody's text on one line of a terminal: control characters, which a terminal would obey, and
/// bytes that are no UTF-8 become U+FFFD, ends of lines spaces.
std::string terminal_text(std::string_view text);

/// Shortest text that a person wants: about five significant digits.
std::string short_number(double value);

/// "0:41", "12:03", "2:05:00".
std::string duration_text(double seconds);

/// True if the output is a person's terminal and may be drawn on: not in CI, not with NO_COLOR or
/// --quiet.
bool is_terminal(int descriptor);

}  // namespace assay
