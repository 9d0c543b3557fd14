// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "config/schema.h"
#include "nn/blocks/sequential.h"

namespace assay {

/// What a GAN's networks are built for: their definition, and one example's shape, {C,H,W} or {2}.
struct GanShape {
  const Definition& definition;
  std::vector<std::int64_t> example;

  std::int64_t latent_dim() const { return definition.integer("model.latent_dim"); }
};

/// A generator and a discriminator that belong together.
struct GanArchitecture {
  std::string_view paper;
  /// Its keys of [model], each of which needs model.network to name it.
  Schema (*keys)();
  /// What does not fit, as the sentence of an error message; empty if all fits.
  std::string (*misfit)(const GanShape& shape);
  /// Whether a batch of one leaves a batch normalisation of either network a single value, which
  /// has no variance.
  bool (*normalises_single_values)(const GanShape& shape);
  /// z [N,Z] -> examples [N, example…], images through tanh. Throws c10::Error for a misfit.
  Sequential (*generator)(const GanShape& shape);
  /// Examples -> logits [N,1]. Throws c10::Error for a misfit.
  Sequential (*discriminator)(const GanShape& shape);
};

/// All of them, by the names that model.network takes. A further one is a page beside this one and
/// a line in architecture.cpp.
const Choices<GanArchitecture>& gan_architectures();

/// A key of widths or channels of one architecture.
Key gan_widths(std::string path, std::vector<std::int64_t> value, std::string meaning,
               const std::string& network);

}  // namespace assay
