// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/eval/eval_command.h"
#include "cli/eval/eval_output.h"
#include "cli/eval/eval_plan.h"

namespace assay {

/// Reads the inputs that are named, turns them into features where a score needs some, and scores
/// them. Throws Error naming the input that is missing or unfit; of the usual metrics, those that
/// the inputs do not allow are left out with a note.
EvalResult score_inputs(const EvalCommand& command, const EvalPlan& plan);

}  // namespace assay
