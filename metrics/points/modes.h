// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/metric.h"

namespace assay {

/// How points fall on the modes of a mixture (Srivastava et al. 2017, VEEGAN; Lin et al. 2018,
/// PacGAN, sec. 4.1). A point is of high quality if its nearest centre is less than 3σ away.
struct ModeHistogram {
  std::vector<std::int64_t> high_quality;  ///< points of high quality per mode
  std::int64_t points = 0;                 ///< all points
};

/// points [N,2] f64, centres [M,2] f64, sigma > 0: one standard deviation per axis.
ModeHistogram mode_histogram(const at::Tensor& points, const at::Tensor& centres, double sigma);

/// Modes with at least one point of high quality.
double modes_covered(const ModeHistogram& histogram);
/// Share of points of high quality.
double high_quality_share(const ModeHistogram& histogram);
/// log M − H(h) in nats, h the distribution of high-quality points over the M modes: 0 if they are
/// equally many, log M if they lie on one mode; NaN if there is none.
double reverse_kl(const ModeHistogram& histogram);

/// Standard deviation of a statistic over 200 multinomial bootstrap resamples of the points, seeded
/// with a constant. NaN if the statistic is NaN on most of them.
double bootstrap_standard_error(const ModeHistogram& histogram,
                                double (*statistic)(const ModeHistogram&));

/// Standard errors: bootstrap for modes and divergence, binomial for the share.
MetricValue compute_modes_covered(const MetricInputs& inputs);
MetricValue compute_high_quality_share(const MetricInputs& inputs);
MetricValue compute_reverse_kl(const MetricInputs& inputs);

}  // namespace assay
