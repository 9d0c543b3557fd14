// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "families/objectives/posterior.h"
#include "families/optimizer.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/sequential.h"
#include "nn/seed_batch.h"

namespace assay {

/// A VAE on codes: linear layers with ReLU whose input is appended to the last of them, in the
/// encoder z → u and in the decoder u → z (Dai & Wipf 2019, published code).
class SecondStageNetworkImpl : public torch::nn::Module, public HoldsTensors {
 public:
  /// condition_dim: numbers of a condition that both networks see beside z and u; 0: none.
  SecondStageNetworkImpl(std::int64_t latent_dim, std::int64_t condition_dim,
                         const std::vector<std::int64_t>& widths);
  /// q(u|z,y). z: [N,Z]; condition y: [N,K], undefined without one.
  Posterior encode(const torch::Tensor& z, const torch::Tensor& condition = {});
  /// Mean of p(z|u,y). [N,Z]
  torch::Tensor decode(const torch::Tensor& u, const torch::Tensor& condition = {});
  /// Its standard deviation γ, learned, 1 at first. 0-dim.
  torch::Tensor gamma() const { return log_gamma_.exp(); }
  std::vector<torch::Tensor*> held_tensors() override { return {&log_gamma_}; }

 private:
  Sequential encoder_, decoder_;
  Linear posterior_, mean_;
  torch::Tensor log_gamma_;
};
TORCH_MODULE(SecondStageNetwork);

/// The second stage of a two-stage VAE (Dai & Wipf 2019, sec. 4): once the first stage is done, a
/// VAE with as many dimensions learns the aggregate posterior q(z), −log N(z; f(u), γ²I) +
/// KL(q(u|z) ‖ N(0,I)), and replaces N(0, I) when images are sampled: u ~ N(0,I), z ~ N(f(u), γ²I).
/// That of a conditional VAE sees the class y beside z and u, so that it learns q(z|y), of which
/// the decoder p(x|z,y) is fed. Before its first step samples come from p(z).
class SecondStage {
 public:
  SecondStage(const Definition& definition, std::int64_t latent_dim, std::int64_t condition_dim,
              torch::Device device);

  /// One step on codes z [N,Z] of the first stage; condition: [N,K], undefined without one. context
  /// counts the steps of this stage. Logs loss, second_stage_reconstruction_nats,
  /// second_stage_kl_nats.
  std::vector<LossTerm> training_step(const torch::Tensor& z, const torch::Tensor& condition,
                                      const StepContext& context);
  /// Whether it has been trained at all.
  bool begun() const;
  /// Codes [count,Z] on the CPU; condition: [count,K] on the device, undefined without one.
  torch::Tensor sample(std::int64_t count, const torch::Tensor& condition,
                       torch::Generator generator);
  void visit_state(StateVisitor& visitor);

 private:
  std::int64_t latent_dim_;
  Averaged<SecondStageNetwork> network_;
  Optimizer optimizer_;
  torch::Tensor steps_;  // done so far, 0-dim i64
};

}  // namespace assay
