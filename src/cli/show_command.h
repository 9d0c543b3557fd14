// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/context.h"

namespace assay {

/// `assay list`, `describe`, `status`, `show`: what there is, what was decided, what runs, what
/// came out.
int list_command(const CommonOptions& options);
int describe_command(const std::string& target, const std::vector<std::string>& set, bool smoke,
                     const CommonOptions& options);
int status_command(bool watch, const CommonOptions& options);
int show_command(const std::string& run, const CommonOptions& options);

}  // namespace assay
