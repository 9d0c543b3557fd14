// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/metric.h"

namespace assay {

/// The fewest images that decide the width of the window; two more are needed to be scored.
constexpr std::int64_t kParzenValidation = 100;

/// log p(x) in nats under a mixture of equal isotropic Gaussians on the samples s_1 … s_N (Parzen
/// 1962; Breuleux et al. 2011):
///   log p(x) = logsumexp_i(−‖x − s_i‖²/2σ²) − log N − D log(σ√2π).
/// x [M,D], samples [N,D], floating point; sigma > 0. Returns [M] f64.
at::Tensor parzen_log_densities(const at::Tensor& x, const at::Tensor& samples, double sigma);

/// The estimator of Goodfellow et al. 2014 (sec. 5): mean log density of real pixels in [0,1] under
/// a Parzen window on generated ones, its σ the best of parzen.sigmas from 0.1 to 1, evenly spaced
/// in log σ, on the first tenth of the reference (100 images or more), which is not scored. Its
/// variance is large, it does badly in many dimensions, and it ranks models wrongly (Theis et al.
/// 2016: k-means centres beat the data's own distribution): for comparison with that paper only.
/// Standard error sd/√M with the window taken as fixed.
MetricValue compute_parzen(const MetricInputs& inputs);

}  // namespace assay
