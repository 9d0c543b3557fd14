// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace assay {

/// Throws Error with the near miss for a command or an option that `app` does not know: CLI11
/// itself only says that a word was not expected.
void check_words(const CLI::App& app, int argc, char** argv);

}  // namespace assay
