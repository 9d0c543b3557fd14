// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "families/capabilities.h"
#include "families/trainable.h"

namespace assay {

/// Autoencoder (Rumelhart, Hinton & Williams 1986; Hinton & Salakhutdinov 2006): minimises the mean
/// over images of the squared error Σ_i (x_i − x̂_i)² on [−1,1], or of the cross-entropy on [0,1],
/// plus what its switches add, which all combine:
/// - sparse: L1 or KL to a target activation; k-sparse codes (sparsity.h);
/// - denoising: the encoder sees a corrupted image (corruption.h), compared is the clean one;
/// - contractive: ‖∂h/∂x‖²_F at what the encoder sees, in closed form for one sigmoid layer; exact
///   or by Hutchinson's estimate for deep ones (contraction.h);
/// - tied weights (mlp).
///
/// It has no p(z). Samples decode draws of a Gaussian, or of a mixture of them, that is fitted at
/// each evaluation to codes of training images (gaussian_mixture.h); scores of such samples carry
/// sampler.codes in their protocol.
///
/// Logged per step: loss, reconstruction_error, then sparsity and contraction (without
/// their weights) and mean_activation, the mean of all codes.
Schema autoencoder_schema();
/// Throws Error where switches exclude one another.
void check_autoencoder(const Definition& definition);
Capabilities autoencoder_capabilities(const Definition& definition);
std::unique_ptr<Trainable> make_autoencoder(const ModelArgs& args);

}  // namespace assay
