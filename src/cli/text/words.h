// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// Throws Error with the near miss for a command or an option that `app` does not know: CLI11
/// itself only says that a word was not expected.
void check_words(const CLI::App& app, int argc, char** argv);

/// "1 run", "2 runs".
std::string counted_text(std::int64_t n, std::string_view one);

/// A check for CLI11: what is wrong with an option's value, nothing for a text that is not empty.
std::string not_empty(const std::string& text);
/// A check for CLI11, which takes "nan" for a number of any range.
extern const CLI::Validator is_number;

}  // namespace assay
