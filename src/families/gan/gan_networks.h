// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/class_condition.h"
#include "families/trainable.h"

namespace assay {

/// How many passes of the generator make a training batch, and how many examples each.
std::int64_t generator_passes(const Definition& definition);
std::int64_t generator_pass_size(const Definition& definition);

/// Over what a definition's discriminator normalises, of all its layers: that of an autoencoding
/// loss ends in a generator's.
CriticNorm critic_norm(const Definition& definition);

/// Whether its discriminator sees how much examples differ (nn/blocks/minibatch_stddev.h).
bool sees_groups(const Definition& definition);

/// Whether its logit is of an example alone, without its class or its neighbours in the batch.
bool judges_examples_alone(const Definition& definition);

/// What model.network names. Throws Error if it does not fit the examples.
const GanArchitecture& architecture_of(const ModelArgs& args);

/// The two networks with their initial weights, on the device.
Sequential new_generator(const GanArchitecture& architecture, const ModelArgs& args,
                         const Classes& classes);
/// With the head that the classes need.
Sequential new_discriminator(const GanArchitecture& architecture, const AdversarialLoss& loss,
                             const ModelArgs& args, Classes& classes);

}  // namespace assay
