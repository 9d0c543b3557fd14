// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <vector>

namespace assay {

/// Scales all gradients by min(1, max_norm / (‖g‖ + 1e-6)), ‖g‖ the Euclidean norm of all of them
/// together (Pascanu et al. 2013, algorithm 1); returns ‖g‖ as a 0-dim tensor without waiting for
/// the device. A non-finite norm makes the gradients non-finite: nothing is repaired. Of parameters
/// that are stacked over seeds (kernels/runtime/seed_batch.h) each seed has its own norm.
torch::Tensor clip_gradient_norm(const std::vector<torch::Tensor>& parameters, double max_norm);

/// ‖g‖ of all gradients together, as above, and nothing is clipped.
torch::Tensor gradient_norm(const std::vector<torch::Tensor>& parameters);

}  // namespace assay
