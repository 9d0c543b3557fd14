// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "families/trainable.h"

namespace assay {

/// What the names of all that such a model knows of its first stage begin with in its state.
inline constexpr std::string_view kFirstStageState = "first_stage.";

/// A model that trains on what another run has learned (Definition::first_stage). Its own state
/// holds what it needs of that, so that samples, scores and a run that goes on need no other file.
class OnFirstStage {
 public:
  virtual ~OnFirstStage() = default;
  /// Of untrained weights: whoever begins a run restores a finished one's state into it.
  virtual Trainable& first_stage() = 0;
  /// After that, before the first step: whatever is computed once of the training images. Doing it
  /// again changes nothing.
  virtual void first_stage_restored() = 0;
};

}  // namespace assay
