// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/events.h"
#include "families/trainable.h"
#include "harness/loss_log.h"
#include "harness/speed.h"
#include "nn/files/safetensors.h"

namespace assay {

/// What a run is beside its model's state: enough, with it, to continue bit for bit.
struct RunPosition {
  std::string definition_id;
  std::string training_id;
  std::uint64_t seed = 0;
  std::int64_t step = 0;  ///< steps done; also the data cursor
  std::int64_t images_seen = 0;
  SpeedIntervals training_speed = {};
  std::vector<std::string> failing = {};  ///< events whose signs (FailureSign) show now
};

/// Writes model state, noise streams, torch's global generator, position and the open loss averages
/// as one safetensors file "<folder>/<images_seen>.safetensors", atomically.
CheckpointSaved save_checkpoint(const std::filesystem::path& folder, const RunPosition& position,
                                Trainable& model, const torch::Generator& noise,
                                const LossLog& losses);

/// Restores what save_checkpoint wrote and returns the position. Throws Error (exit 4) naming the
/// file if it is damaged or belongs to another definition or seed.
RunPosition load_checkpoint(const std::filesystem::path& file, const RunPosition& expected,
                            Trainable& model, torch::Generator& noise, LossLog& losses);

/// The model's state alone, by name. Throws Error naming the file if it is damaged.
TensorMap checkpoint_state(const std::filesystem::path& file);

/// Restores it, for sampling from a finished run.
void load_weights(const std::filesystem::path& file, Trainable& model);

}  // namespace assay
