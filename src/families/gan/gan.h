// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "config/choices.h"
#include "families/capabilities.h"
#include "families/trainable.h"

namespace assay {

/// Generative adversarial network (Goodfellow et al. 2014): a loss (adversarial_loss.h), networks
/// (architecture.h), what keeps the discriminator smooth (critic_penalty.h), what is done to all
/// that it sees (augment/augmentation.h) and what keeps steps in styles even (path_length.h).
///
/// Each training step updates the discriminator once, on real and generated batches that pass
/// through it apart, and every objective.discriminator_steps-th also the generator. If that is 1,
/// the generator learns from the very examples that the discriminator has just seen; otherwise from
/// fresh ones. With objective.updates = "together" both gradients are of the networks as they were
/// before it. Samples come from the averaged generator with its running normalisation statistics;
/// they are what their latents decode to, but for layer noise that is drawn for each
/// (generator_passes.h).
///
/// Logged per step: discriminator_loss without penalties, each penalty that is due, generator_loss
/// (when updated), discriminator_real_accuracy, discriminator_generated_accuracy (shares of the
/// batch told right; discriminator_pair_accuracy, the share of pairs in the right order, where the
/// loss has no boundary between real and generated), generated_spread (mean standard deviation over
/// the generated batch; near zero when the generator has collapsed), generator_gradient_norm (at
/// every 16th of its updates, before clipping); with AC-GAN class_real_loss, class_generated_loss
/// and the two accuracies; with BEGAN equilibrium_k and convergence_measure; with adaptive
/// augmentation ada_p and ada_sign, E sign D(x) of the batch; with path length path_length and
/// path_length_mean, when due.
Schema gan_schema();
/// objective.updates: whether both learn from the same pass, before either's step.
inline const Choices<bool> kTogether = {{"in_turn", false}, {"together", true}};
/// Throws Error for settings that exclude one another.
void check_gan(const Definition& definition);
Capabilities gan_capabilities(const Definition& definition);
std::unique_ptr<Trainable> make_gan(const ModelArgs& args);

}  // namespace assay
