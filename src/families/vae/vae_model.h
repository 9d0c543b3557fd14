// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "families/latent_maps.h"
#include "families/objectives/kl_weight.h"
#include "families/objectives/latent_term.h"
#include "families/objectives/patch_gan.h"
#include "families/optimizer.h"
#include "families/stretches.h"
#include "families/trainable.h"
#include "families/vae/observation_model.h"
#include "families/vae/prior.h"
#include "families/vae/second_stage.h"
#include "families/vae/vae_network.h"

namespace assay {

/// The model that vae.h describes: its step is in vae.cpp, what is asked of it in
/// vae_evaluation.cpp.
class Vae : public GenerativeModel, public UnevenTraining {
 public:
  explicit Vae(const ModelArgs& args)
      : Vae(args, vae_network_options(args), ema_options(args.definition)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  std::vector<Stretch> stretches(std::int64_t total_steps) const override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor& labels,
                                            torch::Generator generator) override;
  std::optional<torch::Tensor> sample_labels(std::int64_t count) override;
  std::optional<Codes> encode(const Batch& batch) override;
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor& labels) override;
  std::optional<torch::Tensor> reconstruct(const Batch& batch) override;
  std::optional<torch::Tensor> jacobian_norms(const Batch& batch) override;
  std::optional<torch::Tensor> elbo(const Batch& batch, torch::Generator generator) override;
  std::optional<torch::Tensor> log_weights(const Batch& batch, std::int64_t count,
                                           torch::Generator generator) override;

 protected:
  VaeNetworkOptions options_;
  torch::Device device_;
  Averaged<VaeNetwork> network_;

 private:
  Vae(const ModelArgs& args, const VaeNetworkOptions& options, const EmaOptions& ema);
  torch::Tensor condition(const torch::Tensor& labels) const;
  std::int64_t first_stage_steps(std::int64_t total_steps) const;
  std::vector<LossTerm> first_stage_step(const Batch& batch, const StepContext& context);
  std::vector<LossTerm> second_stage_step(const Batch& batch, const StepContext& context);
  torch::Tensor bound_loss(const Posterior& posterior, const torch::Tensor& eps,
                           const torch::Tensor& z, const torch::Tensor& nll,
                           const StepContext& context, std::vector<LossTerm>& terms);
  torch::Tensor scoring_nll(const Batch& batch, const torch::Tensor& z);
  torch::Tensor draw_eps(std::int64_t count, torch::Generator generator) const;

  ObservationModel observation_;
  bool importance_weighted_;
  std::int64_t samples_;  // of z for each image
  double second_stage_share_;
  std::int64_t latent_fifth_;
  std::unique_ptr<Prior> prior_, scored_prior_;
  Optimizer optimizer_;
  KlWeight kl_weight_;
  std::unique_ptr<LatentTerm> kl_term_;
  LatentPenalties penalties_;
  std::unique_ptr<PatchGan> patch_gan_;  // none: no such term
  std::optional<SecondStage> second_stage_;
};

/// One whose code is a map, so that it can be the first stage of latent diffusion.
class VaeOfMaps : public Vae, public LatentMaps {
 public:
  using Vae::Vae;
  std::vector<std::int64_t> latent_shape() const override;
  torch::Tensor to_latents(const torch::Tensor& images) override;
  torch::Tensor from_latents(const torch::Tensor& latents) override;
  void visit_weights(StateVisitor& visitor, const std::string& prefix) override;
};

}  // namespace assay
