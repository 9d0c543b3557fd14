// SPDX-License-Identifier: Apache-2.0
#include "families/vae/observation_model.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "families/objectives/likelihoods.h"
#include "families/unit_range.h"
#include "families/vae/vae_choices.h"

namespace assay {
namespace {

// A Bernoulli has no scale.
bool scales(const Definition& definition, LikelihoodScale scale) {
  return kLikelihoods.of(definition, "objective.likelihood") != Likelihood::kBernoulli &&
         kScales.of(definition, "objective.scale") == scale;
}

}  // namespace

ObservationModel::ObservationModel(const Definition& definition, torch::Device device)
    : likelihood_(kLikelihoods.of(definition, "objective.likelihood")),
      optimal_(scales(definition, LikelihoodScale::kOptimal)),
      learned_(scales(definition, LikelihoodScale::kLearned)),
      scale_(at::full({}, definition.number("objective.sigma"),
                      at::TensorOptions(at::kFloat).device(device))) {}

torch::Tensor ObservationModel::nll(const torch::Tensor& images, const torch::Tensor& logits,
                                    const torch::Tensor& scale) const {
  switch (likelihood_) {
    case Likelihood::kGaussian:
      return gaussian_nll(images, mean(logits), scale);
    case Likelihood::kLaplace:
      return laplace_nll(images, mean(logits), scale);
    case Likelihood::kDiscretisedLogistic:
      return discretised_logistic_nll(images, mean(logits), scale);
    case Likelihood::kBernoulli:
      break;
  }
  return bernoulli_nll(to_unit_range(images), logits);
}

torch::Tensor ObservationModel::training_scale(const torch::Tensor& images,
                                               const torch::Tensor& logits) const {
  if (!optimal_) return scale_;
  const auto means = mean(logits.detach());
  return likelihood_ == Likelihood::kGaussian ? optimal_gaussian_sigma(images, means)
                                              : optimal_laplace_scale(images, means);
}

void ObservationModel::remember_scale(const torch::Tensor& scale, std::int64_t step) {
  if (!optimal_) return;
  // The mean of all batches at first, of about the last hundred later.
  scale_.lerp_(scale, std::max(0.01, 1.0 / static_cast<double>(step + 1)));
}

void ObservationModel::visit_state(StateVisitor& visitor) {
  visitor.tensor("scale", scale_, StateKind::kBuffer);
}

}  // namespace assay
