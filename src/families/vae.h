// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "families/trainable.h"

namespace assay {

/// Variational autoencoder (Kingma & Welling 2014, "Auto-Encoding Variational Bayes"). Minimises
/// per image −log p(x|z) + β KL(q(z|x) ‖ N(0,I)), one z per image.
///
/// A Bernoulli likelihood sees images mapped to [0,1]; Gaussian and Laplace likelihoods are
/// densities of pixels in [−1,1], so their nats are 0.693 per pixel higher than on [0,1]. With
/// objective.scale = "optimal" a batch's scale is its own maximum-likelihood one; elbo() then uses
/// its running mean over training, which makes an image's bound independent of the others scored.
///
/// Logged per step: loss, reconstruction_nats, kl_nats (means over the batch; loss includes β).
Schema vae_schema();
std::unique_ptr<Trainable> make_vae(const ModelArgs& args);

}  // namespace assay
