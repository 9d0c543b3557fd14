// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <optional>

#include "families/encoder_decoder/encoder_decoder.h"
#include "families/objectives/posterior.h"
#include "nn/seed_batch.h"

namespace assay {

struct VaeNetworkOptions {
  EncoderDecoderOptions layers;
  bool point_posterior = false;         ///< the encoder gives z itself (WAE), not a distribution
  std::optional<double> initial_scale;  ///< of a likelihood that learns its scale
  std::int64_t pseudo_inputs = 0;       ///< of a VampPrior
};

/// What a definition asks for. Throws Error for what does not go together or does not fit the
/// images.
VaeNetworkOptions vae_network_options(const ModelArgs& args);

/// What is trained together: q(z|x), p(x|z), the likelihood's scale and the pseudo-inputs of the
/// prior.
class VaeNetworkImpl : public torch::nn::Module, public HoldsTensors {
 public:
  explicit VaeNetworkImpl(VaeNetworkOptions options);

  /// images: [N,C,H,W] f32 in [−1,1]; condition: [N,K], undefined without one.
  Posterior encode(const torch::Tensor& images, const torch::Tensor& condition = {});
  /// z: [N,Z]. Returns logits [N,C,H,W]: sigmoid(logits) is the mean image in [0,1].
  torch::Tensor decode(const torch::Tensor& z, const torch::Tensor& condition = {});
  torch::nn::Module& decoder() { return *decoder_; }
  /// The learned scale of the likelihood, exp(log_scale): 0-dim.
  torch::Tensor scale() const { return log_scale_.exp(); }
  /// q(z|u_k) of the K pseudo-inputs u (Tomczak & Welling 2018, sec. 2.2), which are images in
  /// [−1,1] by a hard tanh.
  Posterior pseudo_posteriors();
  std::vector<torch::Tensor*> held_tensors() override { return {&log_scale_, &pseudo_inputs_}; }

 private:
  VaeNetworkOptions options_;
  Sequential encoder_, decoder_;
  torch::Tensor log_scale_, pseudo_inputs_;
};
TORCH_MODULE(VaeNetwork);

}  // namespace assay
