// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "families/capabilities.h"
#include "families/trainable.h"

namespace assay {

/// VQ-VAE (van den Oord, Vinyals & Kavukcuoglu 2017, "Neural Discrete Representation Learning")
/// with the codebook of moving averages. Minimises, as the authors' example does,
///   mean (x − x̂)² / Var(x) + β · mean (z_e − sg[e])²
/// over all values, images in [−1,1], Var over the training images.
///
/// The paper samples from a PixelCNN over the codes, which this family does not train. Its samples
/// are of another, named distribution: sampler.codes = "independent" draws each position's code on
/// its own, as often as training images show it there. That is no model of images; scores of such
/// samples carry sampler.codes in their protocol.
///
/// It is latent diffusion's VQ-regularised first stage (Rombach et al. 2022, sec. 3.1;
/// latent_maps.h), with model.network = "maps" on their networks, to which objectives/patch_gan.h
/// adds its adversarial term.
///
/// Logged per step: loss, reconstruction_mse, commitment, perplexity (of the batch's codes), and
/// what patch_gan.h says.
Schema vq_vae_schema();
Capabilities vq_vae_capabilities(const Definition& definition);
std::unique_ptr<Trainable> make_vq_vae(const ModelArgs& args);

}  // namespace assay
