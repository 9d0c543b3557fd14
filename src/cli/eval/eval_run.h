// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/eval/eval_command.h"
#include "cli/eval/eval_output.h"

namespace assay {

/// Whether a model is to be scored as its definition says: a RUN alone, without --reference, or
/// weights with --definition.
bool is_scored_as_defined(const EvalCommand& command);

/// What a scoring run with the same `--set sampler.…` would store, bit for bit, without storing it.
/// Throws Error for an option that only a comparison with --reference has, and as load_trained() or
/// load_imported().
EvalResult score_as_defined(const EvalCommand& command);

}  // namespace assay
