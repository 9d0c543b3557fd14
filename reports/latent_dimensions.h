// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/statistics/summary.h"

namespace assay {

/// One row of a run's artifact latent_dimensions: what a dimension of the code carries.
struct LatentDimension {
  double kl = 0.0;  ///< KL(q(z_j|x) ‖ N(0,1)) in nats, mean over images; NaN for point codes
  double variance = 0.0;  ///< of the codes' means over images
};

/// Reads the artifact's CSV. Rows that are none are left out.
std::vector<LatentDimension> read_latent_dimensions(std::string_view csv);

/// What dimensions carry, from the one that carries most to the one that carries least, over seeds:
/// dimensions of two seeds have nothing to do with one another but their rank.
struct LatentProfile {
  bool kl = false;  ///< else variances
  std::vector<SeedSummary> by_rank = {};
};

/// Empty without seeds, or if their codes differ in size.
LatentProfile latent_profile(const std::vector<std::vector<LatentDimension>>& seeds);

}  // namespace assay
