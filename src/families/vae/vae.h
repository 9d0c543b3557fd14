// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "families/capabilities.h"
#include "families/trainable.h"

namespace assay {

/// Variational autoencoder (Kingma & Welling 2014, "Auto-Encoding Variational Bayes"). Minimises
/// per image −log p(x|z) + β KL(q(z|x) ‖ p(z)) over L draws of z, or the importance-weighted bound
/// of Burda et al. 2016. p(x|z) is said in observation_model.h, p(z) in prior.h, other forms of the
/// KL term and penalties on q(z) in objectives/latent_term.h; the networks in encoder_decoder.h.
///
/// In the importance-weighted bound β weighs log p(z) − log q(z|x).
///
/// - Conditional (Sohn et al. 2015): encoder and decoder also see the class, p(x|z,y) and q(z|x,y);
///   samples go through the classes in turn.
/// - model.posterior = "point" with an MMD penalty is WAE-MMD (Tolstikhin et al. 2018): with a
///   Gaussian likelihood of sigma √½ its cost is the squared error.
/// - model.network = "maps" with a small beta is latent diffusion's KL-regularised first stage
///   (Rombach et al. 2022, sec. 3.1), to which objectives/patch_gan.h adds its adversarial term;
///   without model.conditional it is one to build on (latent_maps.h).
/// - Two-stage (Dai & Wipf 2019): the last objective.second_stage_share of the run trains a second
///   VAE on the codes of the first (and their classes), see second_stage.h. Learning-rate schedules
///   run once per stage.
///
/// Logged per step: loss, reconstruction_nats, kl_nats (means over the batch; loss includes weights
/// and penalties), then what the chosen terms add: likelihood_scale (a learned one),
/// free_bits_kl_nats; mutual_information_nats, total_correlation_nats, dimension_wise_kl_nats;
/// factor_total_correlation_nats, discriminator_loss, discriminator_accuracy;
/// covariance_off_diagonal, covariance_diagonal; mmd; those of objectives/patch_gan.h.
Schema vae_schema();
/// Throws Error where switches exclude one another.
void check_vae(const Definition& definition);
Capabilities vae_capabilities(const Definition& definition);
std::unique_ptr<Trainable> make_vae(const ModelArgs& args);

}  // namespace assay
