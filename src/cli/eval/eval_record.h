// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/eval/eval_command.h"
#include "cli/eval/eval_output.h"

namespace assay {

/// Throws Error, before anything is scored, if what was asked for cannot be recorded: a RUN, whose
/// scores are stored where it ran, or a name that belongs to an experiment of assay's own.
void check_record(const EvalCommand& command);

/// Stores the scores of samples made elsewhere as a complete run of an experiment of that name, of
/// the family "outside", so that they are compared, gated and reported beside assay's own. Its data
/// digest is that of the samples; it has no weights, no losses and no state. Returns its number.
std::int64_t record_scores(const EvalCommand& command, const EvalResult& result);

}  // namespace assay
