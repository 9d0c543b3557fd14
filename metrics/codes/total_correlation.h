// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/codes/posterior_samples.h"
#include "metrics/metric.h"

namespace assay {

/// log q(z) − Σ_l log q(z_l) in nats of each sample, [S] f64, under the aggregate posterior of all
/// N images (Chen, Li, Grosse & Duvenaud 2018, eq. 2 and 3):
///   q(z) = 1/N Σ_n Π_l q(z_l|x_n)   and   q(z_l) = 1/N Σ_n q(z_l|x_n).
/// Its mean over samples of q(z) is the total correlation KL(q(z) ‖ Π_l q(z_l)). Their
/// minibatch-weighted estimate with the whole set as its batch. S·N·L exponentials, in blocks; the
/// same bits for every thread count.
at::Tensor total_correlation_terms(const PosteriorSamples& samples);

/// Mean of these terms over one sample of each image, or of total_correlation.samples random ones;
/// standard error of that mean. Unbiased for the N given posteriors; that of other images is
/// smaller, the more so the narrower the posteriors, since each sample's own image is among the N.
MetricValue compute_total_correlation(const MetricInputs& inputs);

/// Total correlation in nats of a Gaussian with the correlations of codes [N,L] f64, N > 1:
///   ½ (Σ_l log C_ll − log det C),   C their covariance,
/// +∞ if some are linear functions of others, to rounding. Codes that never change are independent
/// of all.
double gaussian_total_correlation(const at::Tensor& codes);

/// Of inputs.codes.means, as Locatello et al. 2019 (sec. 5.2) take it. Standard error by the delta
/// method. Throws Error for one code only.
MetricValue compute_gaussian_total_correlation(const MetricInputs& inputs);

}  // namespace assay
