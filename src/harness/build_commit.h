// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace assay {

/// The commit this program was built from, as Commit::id says it. Written by
/// ci/cmake/build_commit.cmake at build time: a checkout may have moved on since.
extern const std::string_view kBuildCommit;

/// SHA-256 over names and content of the sources that can move a number: core, config, data,
/// kernels, nn, families, harness and metrics, as they lay on the disk at build time.
extern const std::string_view kCodeDigest;

}  // namespace assay
