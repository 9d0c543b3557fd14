// SPDX-License-Identifier: Apache-2.0
#include "cli/context.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/utf8.h"
#include "reports/escape.h"

namespace assay {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

void print_json(const Json& json) { fmt::print("{}\n", json_text(json, 2)); }

std::string terminal_text(std::string_view text) {
  std::string line = valid_utf8(text);
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  return line;
}

std::string short_number(double value) { return fmt::format("{:.5g}", value); }

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

bool is_terminal(int descriptor) {
  return isatty(descriptor) == 1 && !is_set("CI") && !is_set("NO_COLOR");
}

}  // namespace assay
