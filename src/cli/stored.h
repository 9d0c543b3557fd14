// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/definition.h"
#include "core/error.h"
#include "core/events.h"
#include "harness/runner.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// Whether a key says how samples are drawn: those of [sampler], and eval.weights.
bool is_sampling_key(std::string_view path);

/// What of a stored run's definition is another one now.
struct StoredChanges {
  std::vector<std::string> set = {};  ///< "key=value" of such keys: all that can change afterwards
  std::filesystem::path data = {};    ///< where the data lie; empty: where they lay
};

/// A run's definition as the database holds it, read as it was meant then. Throws Error (exit 4) if
/// the text is not the one that the run's id was made of, (exit 6) if it holds what this assay does
/// not know.
Definition stored_definition(const Database& database, const RunRow& run,
                             const StoredChanges& changes = {});

/// A run's newest checkpoint whose file is there and whole.
std::optional<CheckpointSaved> sound_checkpoint(const Database& database, std::int64_t run);

/// The error for a run of which sound_checkpoint() finds nothing: none was saved, its file is not
/// there, cannot be read (exit 2) or holds other bytes than were stored (exit 4), and the way out
/// of each. `otherwise`: what else can be done, "run it again (…)".
Error lost_weights(const Database& database, const RunRow& run, const std::string& otherwise);

/// Throws Error (exit 2) for a run that only holds scores of samples made elsewhere: there are no
/// weights to draw from and no training to repeat.
void require_training(const RunRow& run);

/// The run that trained the weights of this one: itself, or the one whose weights it scores.
RunRow trained_run(const Database& database, const RunRow& run);

/// What is left of a complete run that others are to train on. Throws Error (exit 130) "who: …" if
/// its final weights are gone.
FirstStageWeights first_stage_weights(const Database& database, const RunRow& first,
                                      const std::string& who);
/// That of a run which has trained on one. Throws Error as well if the run of then has other
/// weights now.
FirstStageWeights first_stage_of(const Database& database, const RunRow& run);

/// Throws Error if the data of a definition are not the run's: not there (exit `absent`), or of
/// other content. Rows of an older assay do not know what theirs were.
void require_same_data(const Definition& definition, const RunRow& run,
                       ExitCode absent = ExitCode::kUsage);

}  // namespace assay
