// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/eval/eval_command.h"
#include "cli/eval/eval_output.h"

namespace assay {

/// Whether a run is to be scored as its own definition says: a RUN alone, without --reference.
bool is_scored_as_defined(const EvalCommand& command);

/// What a scoring run with the same `--set sampler.…` would store, bit for bit, without storing it.
/// Throws Error for an option that only a comparison with --reference has, and as load_trained().
EvalResult score_as_defined(const EvalCommand& command);

}  // namespace assay
