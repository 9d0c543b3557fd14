// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Which tensors of two final states differ, from the artifacts "state_tensors" of two runs
/// (harness/state.h): "31 of 34 tensors of the final state differ, first encoder.0.weight", in the
/// order of names. A tensor that one of them lacks differs. Empty where a run has no such artifact,
/// as runs of before there was one, or none differs.
std::string state_difference(std::string_view left, std::string_view right);

}  // namespace assay
