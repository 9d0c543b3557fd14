// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace assay {

/// The generated part of experiments/README.md: every key of every family.
std::string key_page();

}  // namespace assay
