// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace assay {

/// The commit this program was built from, as Commit::id says it. Written by
/// ci/cmake/build_commit.cmake at build time: a checkout may have moved on since.
extern const std::string_view kBuildCommit;

}  // namespace assay
