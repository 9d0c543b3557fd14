// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numbers>

#include "families/sampling.h"
#include "tests/families/vae/small_vae.h"

namespace assay {

/// Moves q(z|x) of small_vae.h far from N(0, I), but for the last dimension, and images apart.
inline void spread_posterior(Trainable& model) {
  const torch::NoGradGuard no_grad;
  auto state = state_of(model);
  state.at("network.encoder.3.weight").mul_(4.0);
  state.at("network.encoder.3.weight").slice(0, 2, 6, 3).mul_(0.1);
  state.at("network.encoder.3.bias")
      .copy_(torch::tensor({1.5, -1.0, 0.0, /*logvar:*/ 1.0, -1.5, 0.0}));
}

/// What the model makes of N images at k draws of noise, for equations written out by hand: all
/// f64, draw by draw.
struct Seen {
  torch::Tensor images;        ///< [N,16] on [-1,1]
  torch::Tensor mu, variance;  ///< [N,3]
  torch::Tensor z;             ///< [k,N,3]
  torch::Tensor means;         ///< [k,N,16] on [-1,1]
};

/// eps: [k,N,3].
inline Seen seen_at(Trainable& model, const torch::Tensor& eps) {
  auto& generative = dynamic_cast<GenerativeModel&>(model);
  const auto batch = batch_of(eps.size(1));
  const auto codes = *generative.encode(batch);
  Seen seen;
  seen.images = batch.images.flatten(1).to(torch::kDouble);
  seen.mu = codes.mu.to(torch::kDouble);
  seen.variance = codes.logvar.to(torch::kDouble).exp();
  seen.z = seen.mu + seen.variance.sqrt() * eps.to(torch::kDouble);
  const auto decoded = *generative.decode(seen.z.flatten(0, 1).to(torch::kFloat), {});
  seen.means = decoded.view({eps.size(0), eps.size(1), 16}).to(torch::kDouble);
  return seen;
}

/// At the draws that step() of small_vae.h begins with.
inline Seen before_step(Trainable& model, std::int64_t images, std::int64_t draws = 1) {
  return seen_at(model, torch::randn({draws, images, 3}, seeded(7)));
}

inline torch::Tensor log_normal_density(const torch::Tensor& x, const torch::Tensor& mean,
                                        const torch::Tensor& deviation) {
  const double half_log_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);
  return -0.5 * ((x - mean) / deviation).square() - deviation.log() - half_log_two_pi;
}

/// [k,N]
inline torch::Tensor bernoulli_nats(const Seen& seen) {
  const auto x = (seen.images + 1.0) / 2.0, p = (seen.means + 1.0) / 2.0;
  return -(x * p.log() + (1.0 - x) * (1.0 - p).log()).sum(2);
}

}  // namespace assay
