// SPDX-License-Identifier: Apache-2.0
#include "families/vae/latent_objective.h"

#include <ATen/ATen.h>

#include "families/refuse.h"
#include "families/vae/dip.h"
#include "families/vae/schedules.h"

namespace assay {
namespace {

void add(torch::Tensor& sum, const torch::Tensor& summand) {
  sum = sum.defined() ? sum + summand : summand;
}

}  // namespace

LatentObjective::LatentObjective(const Definition& definition, std::int64_t latent_dim,
                                 std::int64_t data_size, torch::Device device)
    : importance_weighted_(kBounds.of(definition, "objective.bound")),
      cyclical_(kKlSchedules.of(definition, "objective.kl_schedule")),
      samples_(definition.integer("objective.samples")),
      cycles_(definition.integer("objective.kl_cycles")),
      capacity_steps_(definition.integer("objective.capacity_steps")),
      data_size_(data_size),
      beta_(definition.number("objective.beta")),
      warm_up_epochs_(definition.number("objective.kl_warm_up_epochs")),
      cycle_rise_(definition.number("objective.kl_cycle_rise")),
      free_nats_(definition.number("objective.free_bits")),
      capacity_(definition.number("objective.capacity")),
      capacity_gamma_(definition.number("objective.capacity_gamma")),
      kl_parts_(kKlParts.of(definition, "objective.kl_parts")),
      dip_(kDips.of(definition, "objective.dip")),
      mutual_information_(definition.number("objective.mutual_information_weight")),
      total_correlation_(definition.number("objective.total_correlation_weight")),
      dimension_wise_(definition.number("objective.dimension_wise_kl_weight")),
      factor_gamma_(definition.number("objective.factor_gamma")),
      dip_off_diagonal_(definition.number("objective.dip_off_diagonal")),
      dip_diagonal_(definition.number("objective.dip_diagonal")),
      mmd_weight_(definition.number("objective.mmd_weight")),
      mmd_bandwidth_(definition.number("objective.mmd_bandwidth")),
      mmd_kernel_(kMmdKernels.of(definition, "objective.mmd_kernel")) {
  refuse_if(kl_parts_.has_value() && definition.integer("train.batch_size") > data_size_,
            definition, "objective.kl_parts needs train.batch_size of at most the training images");
  if (factor_gamma_ > 0.0) discriminator_.emplace(definition, latent_dim, device);
}

double LatentObjective::weight(const StepContext& context) const {
  return cyclical_
             ? cyclical_kl_weight(beta_, context.step, context.total_steps, cycles_, cycle_rise_)
             : kl_weight(beta_, warm_up_epochs_, context.epoch);
}

torch::Tensor LatentObjective::kl_term(const Posterior& posterior, const torch::Tensor& z,
                                       const torch::Tensor& kl, const StepContext& context,
                                       std::vector<LossTerm>& terms) const {
  if (free_nats_ > 0.0) {
    const auto free_kl = free_bits_kl(kl_per_dimension(posterior.mu, posterior.logvar), free_nats_);
    terms.push_back({"free_bits_kl_nats", free_kl.detach()});
    return weight(context) * free_kl;
  }
  if (capacity_ > 0.0) {
    return capacity_gamma_ *
           capacity_distance(kl.mean(), capacity_at(capacity_, context.step, capacity_steps_));
  }
  if (kl_parts_) {
    const auto parts = kl_parts(z, posterior.mu, posterior.logvar, data_size_, *kl_parts_);
    terms.push_back({"mutual_information_nats", parts.mutual_information.detach()});
    terms.push_back({"total_correlation_nats", parts.total_correlation.detach()});
    terms.push_back({"dimension_wise_kl_nats", parts.dimension_wise_kl.detach()});
    return weight(context) * (mutual_information_ * parts.mutual_information +
                              total_correlation_ * parts.total_correlation +
                              dimension_wise_ * parts.dimension_wise_kl);
  }
  return weight(context) * kl.mean();
}

torch::Tensor LatentObjective::penalties(const Posterior& posterior, const torch::Tensor& z,
                                         const StepContext& context, std::vector<LossTerm>& terms) {
  torch::Tensor sum;
  if (discriminator_) {
    const auto correlation = discriminator_->total_correlation(z);
    terms.push_back({"factor_total_correlation_nats", correlation.detach()});
    add(sum, factor_gamma_ * correlation);
  }
  if (dip_ != Dip::kNone) {
    const auto distance = distance_from_identity(
        dip_ == Dip::kI ? mean_covariance(posterior.mu)
                        : aggregate_covariance(posterior.mu, posterior.logvar));
    terms.push_back({"covariance_off_diagonal", distance.off_diagonal.detach()});
    terms.push_back({"covariance_diagonal", distance.diagonal.detach()});
    add(sum, dip_off_diagonal_ * distance.off_diagonal + dip_diagonal_ * distance.diagonal);
  }
  if (mmd_weight_ > 0.0) {
    const auto prior_draws = context.noise.normal(z.sizes(), z.options().requires_grad(false));
    const auto mmd = mmd_squared(z, prior_draws, mmd_kernel_, mmd_bandwidth_);
    terms.push_back({"mmd", mmd.detach()});
    add(sum, mmd_weight_ * mmd);
  }
  return sum;
}

void LatentObjective::update_discriminator(const torch::Tensor& z, const StepContext& context,
                                           std::vector<LossTerm>& terms) {
  if (!discriminator_) return;
  for (auto& term : discriminator_->update(z, context)) terms.push_back(std::move(term));
}

void LatentObjective::visit_state(StateVisitor& visitor) {
  if (discriminator_) discriminator_->visit_state(visitor);
}

}  // namespace assay
