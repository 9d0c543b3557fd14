// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "config/definition.h"
#include "data/dataset.h"
#include "families/trainable.h"

namespace assay {

/// Multiply-adds (kernels/runtime/multiply_adds.h) of the training of `model`, by example that it
/// sees: steps of the run of this definition and seed are done and counted, those of one cycle in
/// each stretch (families/stretches.h), which counts as often as it occurs in a run. Everything is
/// afterwards as it was: the state is put back, and other batches and noise stand in for the run's.
/// Throws as training_step.
double training_multiply_adds(Trainable& model, const Definition& definition, std::uint64_t seed,
                              const Dataset& dataset);

}  // namespace assay
