// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/events.h"
#include "data/batch_stream.h"
#include "families/noising.h"

namespace assay {

/// Of a model of a noising process:
///   "snr_curve"    text/csv "t,log_snr": log(α²/σ²) in nats at up to 33 times
///   "bound_terms"  text/csv "timestep,bits_per_dim": L_i of up to 50 timesteps i of a grid, of the
///                  first 16 examples, and last that of the prior, at T
///   "noising"      of images, picture: the first 6 at 10 times from none to most noise, a row each
///   "denoising"    of images, picture: the first 6 samples of `generator` at 10 steps of their way
/// examples: u8 images, or f32 points, on the CPU. `generator`: on the CPU; each gets a copy of it.
std::vector<Artifact> noise_artifacts(NoisingModel& model, const Batch& examples,
                                      torch::Device device, const torch::Generator& generator);

}  // namespace assay
