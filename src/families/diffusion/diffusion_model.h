// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "families/diffusion/composition.h"
#include "families/diffusion/conditioning.h"
#include "families/diffusion/coupling.h"
#include "families/diffusion/guidance.h"
#include "families/diffusion/loss_history.h"
#include "families/diffusion/noisy_classifier.h"
#include "families/diffusion/parameterisation.h"
#include "families/diffusion/point_source.h"
#include "families/diffusion/variational_bound.h"
#include "families/noising.h"
#include "families/optimizer.h"
#include "families/told_samples.h"
#include "nn/optim/ema.h"

namespace assay {

/// Times and the levels of a process there, which are computed once.
struct LevelsAt {
  torch::Tensor t;  ///< f64, [N] or 0-dim
  Level exact;      ///< like t
  Level wide;       ///< to compute with examples, [N,1,…]
};
/// x: the examples.
LevelsAt levels_at(const Process& process, const torch::Tensor& t, const torch::Tensor& x);

/// The model of families diffusion and ddpm.
class Diffusion : public GenerativeModel, public NoisingModel, public TokenModel {
 public:
  explicit Diffusion(const ModelArgs& args);

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> sample_labels(std::int64_t count) override;

  std::vector<std::int64_t> token_sizes() const override { return conditioning_.token_sizes(); }
  torch::Tensor sample_tokens(std::int64_t count) const override {
    return conditioning_.sample_values(0, count);
  }
  torch::Tensor sample_of_tokens(const torch::Tensor& values, torch::Generator generator) override;

  // What it says of examples: diffusion_evaluation.cpp.
  std::optional<torch::Tensor> elbo(const Batch& batch, torch::Generator generator) override;
  std::optional<torch::Tensor> denoising_losses(const Batch& batch,
                                                torch::Generator generator) override;
  std::optional<torch::Tensor> log_density(const Batch& batch, double tolerance,
                                           torch::Generator generator) override;
  std::optional<PathEnergies> path_energies(std::int64_t count,
                                            torch::Generator generator) override;

  // What it shows of its process: diffusion_strips.cpp.
  torch::Tensor snr_curve(std::int64_t count) const override;
  torch::Tensor noised_strips(const torch::Tensor& examples, std::int64_t columns,
                              torch::Generator generator) const override;
  std::optional<torch::Tensor> denoised_strips(std::int64_t count, std::int64_t columns,
                                               torch::Generator generator) override;
  std::optional<torch::Tensor> bound_terms(const Batch& examples, std::int64_t count,
                                           torch::Generator generator) override;

 private:
  using Network = std::shared_ptr<DenoisingNetwork>;

  /// What the network says of x_t, and of the variance where that is learned.
  struct Prediction {
    torch::Tensor output, variance_share;
  };
  /// What a step trains on.
  struct NoisyBatch {
    LevelsAt at;
    torch::Tensor weight;  ///< of times drawn by a history, [N]
    torch::Tensor x_t, target;
  };
  /// What standard normal noise stands for at the noise end.
  torch::Tensor at_noise_end(const torch::Tensor& eps) const {
    return source_ ? source_->at_noise(eps) : eps;
  }
  WeighedTimes draw_times(const torch::Tensor& x0, const Noise& noise) const;
  NoisyBatch noised(const torch::Tensor& x0, const Noise& noise) const;
  Prediction predict(Network& network, const torch::Tensor& x_t, const LevelsAt& at,
                     const Condition& condition, std::optional<Noise> noise) const;
  Condition told(const Batch& batch, const Noise& noise) const;
  torch::Tensor loss_of(const torch::Tensor& x0, const NoisyBatch& noisy,
                        const Prediction& predicted, std::vector<LossTerm>& terms);
  /// Of each example in nats, of the step at its time.
  torch::Tensor trained_bound(const torch::Tensor& x0, const NoisyBatch& noisy,
                              const Prediction& predicted) const;
  Estimate estimate(Network& network, const torch::Tensor& x, const torch::Tensor& t,
                    const Condition& condition) const;
  /// Guided and clamped as the sampler is told to.
  Denoiser denoiser(Network& network, const std::function<void(std::int64_t)>& poll) const;
  /// L_i in nats of each example, [N], with the noise eps.
  torch::Tensor bound_at(Network& network, const Batch& batch, const torch::Tensor& i,
                         const torch::Tensor& eps) const;
  torch::Tensor classifier_input(const torch::Tensor& x_t, const Level& level) const;
  /// The samples that latents lead to, each asked for what its condition says.
  torch::Tensor drawn(const DiffusionLatents& latents, const Condition& condition,
                      const Denoiser& denoise, const SamplerOptions& options) const;

  const Parameterisation& parameterisation_;
  const LossWeighting& weighting_;
  const TimeDistribution& times_;
  LossWeightingSettings weighting_settings_;
  TimeSettings time_settings_;
  double data_sd_;
  const Coupling& coupling_;
  double path_sd_;
  std::optional<PointSource> source_;  ///< in place of N(0, I)
  std::vector<std::int64_t> example_shape_;
  bool pixels_;  ///< examples are images: clamped at the end, and levels of a likelihood
  bool clip_x0_;
  Conditioning conditioning_;
  double p_uncond_, dynamic_threshold_, classifier_scale_, vlb_weight_;
  GuidanceOptions guidance_;
  torch::Device device_;
  std::unique_ptr<Process> process_;
  SamplerOptions sampler_;
  std::optional<VariationalBound> bound_;  ///< of a grid
  std::optional<LossHistory> history_;     ///< that times are drawn by
  bool learned_variance_;
  bool has_paths_;  ///< path_energies()
  Denoiser exact_;  ///< in place of the network's; empty: the network's
  Averaged<Network> network_;
  Optimizer optimizer_;
  std::optional<NoisyClassifier> classifier_;
};

/// Whether examples are images, [C,H,W], or points.
inline bool is_image(const std::vector<std::int64_t>& example_shape) {
  return example_shape.size() == 3;
}

}  // namespace assay
