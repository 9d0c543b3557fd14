// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>

#include <optional>

#include "core/events.h"
#include "families/told_samples.h"

namespace assay {

/// "token_swaps", picture: six rows, each of one noise and of the tokens that sample() asks its
/// sample for. The first column shows that sample; in each further one a single token says
/// something else, the first token's swaps before the second's: of L tokens ⌊9/L⌋ other values
/// each, at least one and at most all, evenly from what was asked. Nothing of a model that is told
/// no tokens, or of examples that are no images. `generator`: on the CPU; samples draw from a copy.
std::optional<Artifact> token_swaps_picture(TokenModel& model, const torch::Generator& generator);

}  // namespace assay
