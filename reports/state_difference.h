// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// The artifact "state_tensors" of a run (harness/state.h); empty of those that have none, as runs
/// of before there was one.
std::string state_tensors_of(const Database& database, const RunRow& run);

/// Which tensors of two final states differ, from state_tensors_of() two runs: "31 of 34 tensors of
/// the final state differ, first encoder.0.weight", in the order of names. A tensor that one of
/// them lacks differs. Empty where one of them is empty, or none differs.
std::string state_difference(std::string_view left, std::string_view right);

}  // namespace assay
