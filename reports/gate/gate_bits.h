// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/gate/gate.h"
#include "reports/gather.h"

namespace assay {

/// The first rung: seeds of an equal definition on equal data that one machine and compiler trained
/// for both, and whether their final states are equal to the bit. Of the first that is not, where
/// its logged values depart, and which tensors of the final state are others. No pairs where
/// nothing is to be expected.
GateBits bits_of(const RunGroup& baseline, const RunGroup& current);

}  // namespace assay
