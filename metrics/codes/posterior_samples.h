// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "metrics/metric.h"

namespace assay {

/// Gaussian posteriors q(z|x_n) = N(mu_n, exp(logvar_n)) of N images, on their diagonal.
struct GaussianPosteriors {
  at::Tensor mu, logvar;  ///< [N,L] f64; logvar within ±600, so that every density is a number
};

/// inputs.codes's codes and log-variances. Throws Error naming the metric if they are
/// absent, of different shapes, not finite or out of range.
GaussianPosteriors checked_posteriors(const MetricInputs& inputs, std::string_view metric);

/// Samples z_s ~ q(z|x_n) of some of the images.
struct PosteriorSamples {
  GaussianPosteriors posteriors;
  at::Tensor rows;  ///< [S] i64: the image n of each sample
  at::Tensor z;     ///< [S,L] f64
};

/// One sample each of `count` random images, or of all if there are no more; drawn from `seed`.
PosteriorSamples draw_posterior_samples(const GaussianPosteriors& posteriors, std::int64_t count,
                                        std::uint64_t seed);

/// The posteriors as all blocks of samples read them, an image's numbers side by side for each
/// code.
class PosteriorDensities {
 public:
  explicit PosteriorDensities(const GaussianPosteriors& posteriors);
  std::int64_t images() const { return mu_.size(1); }
  /// log q(z_l|x_n) without −½ log 2π of z [B,L,1], for the images n from `begin` to before `end`:
  /// [B,L,end − begin].
  at::Tensor log_densities(const at::Tensor& z, std::int64_t begin, std::int64_t end) const;

 private:
  at::Tensor mu_, minus_half_precision_, half_logvar_;  // [L,N]
};

}  // namespace assay
