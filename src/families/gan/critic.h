// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "nn/blocks/sequential.h"

namespace assay {

/// m examples of one origin as one that the discriminator judges together (PacGAN, Lin et al.
/// 2018, sec. 3): images [N,C,H,W] -> [N/m,mC,H,W], points [N,D] -> [N/m,mD], neighbours of the
/// batch side by side. Throws c10::Error unless m divides N.
torch::Tensor packed(const torch::Tensor& examples, std::int64_t m);

/// The examples of packs again.
torch::Tensor unpacked(const torch::Tensor& packs, std::int64_t m);

/// The shape of one such pack, of an example's {C,H,W} or {D}.
std::vector<std::int64_t> packed_shape(std::vector<std::int64_t> example, std::int64_t m);

/// What a discriminator says of N examples.
struct Judgement {
  torch::Tensor logits;    ///< [N,1], [N,E] before an embedded class makes them that
  torch::Tensor features;  ///< [N,F], of which its last layer makes the logits; or undefined
  /// [N,K] (or [N,E]) of its class head, and what they should say (class_condition.h); or
  /// undefined.
  torch::Tensor scores = {}, classes = {};
};

Judgement judge(Sequential& discriminator, const torch::Tensor& examples, bool with_features);

/// ‖E f(x) − E f(G(z))‖², means over the batch, summed over features (Salimans et al. 2016, sec.
/// 3.1): what the generator minimises; the real side is a constant. [N,F] each; 0-dim.
torch::Tensor feature_matching(const torch::Tensor& generated, const torch::Tensor& real);

/// No gradients for a network's weights in a scope: in the generator's step the discriminator only
/// passes gradients on.
class Frozen {
 public:
  explicit Frozen(const std::vector<torch::Tensor>& parameters) : parameters_(parameters) {
    for (const auto& parameter : parameters_) parameter.requires_grad_(false);
  }
  ~Frozen() {
    for (const auto& parameter : parameters_) parameter.requires_grad_(true);
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  const std::vector<torch::Tensor>& parameters_;
};

}  // namespace assay
