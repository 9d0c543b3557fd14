// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace assay {

/// How a machine's `compiler` ends where the program was built without optimisation: its speeds say
/// nothing, and its bits may be others.
inline constexpr std::string_view kDebugBuild = ", debug build";

}  // namespace assay
