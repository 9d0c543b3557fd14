// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "results/rows.h"

namespace assay {

/// Stored options of a run, read as a shell reads them and quoted anew: "--set a=b --set 'c=[1]'".
/// What assay does not store there (anything but --set KEY=VALUE and --smoke) makes the whole text
/// one quoted word, "'stored options: …'", which no command takes: the database may be anybody's.
std::string quoted_options(std::string_view stored);

/// The command that repeats these runs of one definition. `target` is what its runs were begun
/// from, a name or a file; empty where that was not recorded. Of samples made elsewhere nothing can
/// be repeated: a comment that says so.
std::string repeat_command(const std::string& target, std::span<const RunRow> runs);

}  // namespace assay
