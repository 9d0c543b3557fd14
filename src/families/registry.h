// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"
#include "families/capabilities.h"
#include "families/trainable.h"
#include "nn/files/diffusers_names.h"

namespace assay {

/// Where a model's state has a network that other programs may read and write.
struct NetworkNames {
  std::string_view live;           ///< "generator": tensors "generator.0.weight", …
  std::string_view averaged = {};  ///< of its moving average, where one is kept; empty: never
};

struct Family {
  std::string_view name;
  std::string_view paper;
  /// The keys of its [model], [objective], [sampler] tables, and further [optimizer] keys.
  Schema (*schema)();
  /// Throws Error where its switches exclude one another, before any data is read.
  void (*check)(const Definition&);
  /// Throws Error as check, and if the data do not fit (e.g. an image size of the network's).
  std::unique_ptr<Trainable> (*make)(const ModelArgs&);
  Capabilities (*capabilities)(const Definition&);
  /// Corrects what sampling_protocol says of its definitions, given the number of training images;
  /// nullptr: nothing to correct.
  void (*describe_sampling)(const Definition&, std::int64_t, Protocol&) = nullptr;
  int revision = 1;  ///< of its schema: raised when a default or a meaning changes
  std::vector<Upgrade> upgrades = {};
  /// The first is the one that samples; none: its weights go nowhere but to its checkpoints.
  std::vector<NetworkNames> networks = {};
  /// How the first of them is a U-Net of diffusers. Throws Error naming the keys that have no
  /// counterpart there; nullptr: the family has no U-Net.
  DiffusersUNet (*diffusers_unet)(const Definition&) = nullptr;
};

/// The complete list of families, hand-written: autoencoder, vae, vq_vae, gan, ddpm,
/// diffusion, classifier.
const std::vector<Family>& families();

/// Throws Error with the near miss for an unknown name.
const Family& family(std::string_view name);

/// Throws Error as family().
Capabilities capabilities_of(const Definition& definition);

/// How many seeds of a definition may train as one model: train.seed_batch, or 0 where its
/// capabilities say that each trains alone.
std::int64_t seeds_together(const Definition& definition);

/// "ema" or "raw": which of a model's weights are scored and sampled.
std::string scored_weights(const Definition& definition);

/// How samples are drawn, for the protocol of every score that rests on them: each key of [sampler]
/// that has an effect, as "sampler.steps", and "network_evaluations", of the network that makes the
/// example, per sample. Settings that draw alike are described alike. Throws Error as family().
Protocol sampling_protocol(const Definition& definition, std::int64_t training_images);

/// The schema callback that config/definition.h asks for.
FamilyKeys family_schema(const std::string& name);

}  // namespace assay
