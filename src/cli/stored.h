// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/definition.h"
#include "core/events.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// A definition as a database holds it. Throws Error (exit 6) if a key or a default has changed
/// since it was stored, so that it would be another experiment now.
Definition stored_definition(const ExperimentRow& experiment);

/// The same under other values of [sampler] keys, the only ones that can change after training.
Definition stored_definition(const ExperimentRow& experiment, const std::vector<std::string>& set);

/// A run's newest checkpoint whose file is there and whole.
std::optional<CheckpointSaved> sound_checkpoint(const Database& database, std::int64_t run);

}  // namespace assay
