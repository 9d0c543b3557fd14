// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "config/definition.h"
#include "families/network.h"
#include "nn/state.h"

namespace assay {

enum class Likelihood { kBernoulli, kGaussian, kLaplace, kDiscretisedLogistic };

enum class LikelihoodScale { kFixed, kOptimal, kLearned };

/// p(x|z) of a VAE whose decoder gives logits: the mean image is 2·sigmoid(logits) − 1.
///
/// A Bernoulli likelihood sees images mapped to [0,1]; Gaussian and Laplace likelihoods are
/// densities of pixels in [−1,1], so their nats are 0.693 per pixel higher than on [0,1]; a
/// discretised logistic gives probabilities of 8-bit levels.
///
/// The scale (σ, b or s) is fixed; "optimal", a batch's own maximum-likelihood one, of which the
/// running mean over training is used for scoring, so that an image's bound does not depend on the
/// others scored; or "learned" as a parameter of the network.
class ObservationModel {
 public:
  /// Throws Error for a likelihood and a scale that do not go together.
  ObservationModel(const Definition& definition, torch::Device device);

  Likelihood likelihood() const { return likelihood_; }
  bool learns_scale() const { return learned_; }

  /// −log p(x|z) per image in nats, [N].
  torch::Tensor nll(const torch::Tensor& images, const torch::Tensor& logits,
                    const torch::Tensor& scale) const;
  /// The scale that a training batch is scored with, unless it is learned.
  torch::Tensor training_scale(const torch::Tensor& images, const torch::Tensor& logits) const;
  /// Takes a batch's scale into the running mean, if the scale is "optimal".
  void remember_scale(const torch::Tensor& scale, std::int64_t step);
  /// The scale for scoring, unless it is learned. 0-dim.
  const torch::Tensor& scale() const { return scale_; }
  void visit_state(StateVisitor& visitor);

  /// Mean images in [−1,1].
  static torch::Tensor mean(const torch::Tensor& logits) { return mean_image(logits); }

 private:
  Likelihood likelihood_;
  bool optimal_, learned_;
  torch::Tensor scale_;  // the fixed one, or the optimal one's running mean
};

}  // namespace assay
