// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <optional>

#include "families/encoder_decoder/encoder_decoder.h"
#include "nn/seed_batch.h"

namespace assay {

struct AutoencoderNetworkOptions {
  EncoderDecoderOptions layers;
  Nonlinearity code_activation = Nonlinearity::kNone;
  std::int64_t kept = 0;  ///< entries that a k-sparse code keeps; 0: all
  bool tied = false;      ///< mlp: the decoder's weights are the encoder's, transposed
};

/// x -> h = s(f(x)), the k-sparse h where asked for -> logits, where sigmoid(logits) is the image
/// in [0,1].
class AutoencoderNetworkImpl : public torch::nn::Module, public HoldsTensors {
 public:
  explicit AutoencoderNetworkImpl(AutoencoderNetworkOptions options);

  /// images: [N,C,H,W] f32 in [−1,1]. Returns [N,Z].
  torch::Tensor encode(const torch::Tensor& images);
  /// What keeps a code k-sparse, also one that was not encoded.
  torch::Tensor sparse(const torch::Tensor& codes) const;
  /// codes: [N,Z]. Returns logits [N,C,H,W].
  torch::Tensor decode(const torch::Tensor& codes);
  /// Whether encode() is σ(W x + b): what a closed form of its Jacobian asks for.
  bool is_one_sigmoid_layer() const;
  /// Weight [Z,I] of an encoder that is one linear layer; nothing otherwise.
  std::optional<torch::Tensor> only_weight() const;
  std::vector<torch::Tensor*> held_tensors() override;

 private:
  std::vector<torch::Tensor> encoder_weights() const;

  AutoencoderNetworkOptions options_;
  Sequential encoder_, decoder_;
  std::vector<torch::Tensor> decoder_biases_;  // tied: in the decoder's order
};
TORCH_MODULE(AutoencoderNetwork);

}  // namespace assay
