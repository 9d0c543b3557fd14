// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/codes/posterior_samples.h"
#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// log q(z_l|v_f) / q(z_l) in nats of each sample, code and factor, [S,L,F] f64, where, with the
/// factors [N,F] i64 of all images,
///   q(z_l) = 1/N Σ_n q(z_l|x_n)   and   q(z_l|v_f) = 1/N_v Σ_{n: v_nf = v} q(z_l|x_n)
/// with v the value of factor f in the sample's own image. Its mean over samples is
/// I(z_l; v_f) = H(z_l) − H(z_l|v_f) as the authors' code estimates both (Chen, Li, Grosse &
/// Duvenaud 2018, sec. 4.1). S·N·L exponentials, in blocks; the same bits for every thread count.
at::Tensor information_terms(const PosteriorSamples& samples, const at::Tensor& factors);

/// The gap of these samples: mean over factors of (I_(1) − I_(2)) / H(v), with negative information
/// counted as 0 and H(v) of the values as often as they occur. The standard error is that of a mean
/// over samples, with the two codes fixed; the mixtures' own error vanishes to first order.
Mean sampled_mig(const PosteriorSamples& samples, const at::Tensor& factors);

/// The mutual information gap as its authors estimate it (rtqichen/beta-tcvae,
/// disentanglement_metrics.py): sampled_mig of one sample for each image, or for a random part of
/// them. The images are meant to be the whole grid of factors; where they are not, each value of a
/// factor weighs as often as it occurs.
/// Throws Error for codes as checked_codes does, and without fitting log-variances.
MetricValue compute_mig_sampled(const MetricInputs& inputs);

}  // namespace assay
