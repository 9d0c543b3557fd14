// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "cli/context.h"

namespace assay {

/// `assay list`, `describe`, `status`, `show`: what there is, what was decided, what runs, what
/// came out.
int list_command(const CommonOptions& options);
int describe_command(const std::string& target, const std::vector<std::string>& set, bool smoke,
                     const CommonOptions& options);
int status_command(bool watch, const CommonOptions& options);
/// `artifacts`: a folder that the run's pictures and tables are written to instead; empty: none.
int show_command(const std::string& run, const std::filesystem::path& artifacts,
                 const CommonOptions& options);

}  // namespace assay
