// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// What an exception of LibTorch says, without the place in its sources and the backtrace that
/// follow: "shape mismatch" of "shape mismatch\nException raised from … (most recent call
/// first):\nframe #0: …". Other texts as they are.
std::string without_backtrace(std::string_view what);

}  // namespace assay
