// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "families/gan/class_condition.h"
#include "families/gan/generator_passes.h"
#include "families/gan/latents.h"

namespace assay {

/// Images with the styles that they were made of.
struct StyledImages {
  torch::Tensor images;  ///< [N,C,H,W]
  torch::Tensor w;       ///< [N,L,W]
};

/// What a GAN's generator makes for training: of latents and classes that are drawn for it.
class GeneratedBatches {
 public:
  /// All must outlive this.
  GeneratedBatches(const Definition& definition, const Classes& classes, GeneratorPasses& run,
                   torch::Device device);

  /// `count` examples in packs of objective.packing, made in the definition's passes.
  Examples examples(std::int64_t count, const Noise& noise);
  /// Images of a generator of two parts, in one pass.
  StyledImages styled(std::int64_t count, const Noise& noise);

 private:
  struct Input {
    torch::Tensor z, classes;
    GeneratorPasses::Draw second;  ///< the z of mixed styles, of the same classes
  };
  Input drawn(std::int64_t count, const Noise& noise) const;

  const LatentDistribution& latents_;
  const Classes& classes_;
  GeneratorPasses& run_;
  std::int64_t latent_dim_, passes_, packing_;
  torch::Device device_;
};

}  // namespace assay
