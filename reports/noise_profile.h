// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/statistics/summary.h"

namespace assay {

/// A number at a place of a process, over seeds.
struct ProfilePoint {
  double x = 0.0;
  SeedSummary y;  ///< with a mean
};

/// What a diffusion model's runs say of its process at the last evaluation.
struct NoiseProfile {
  std::vector<ProfilePoint> snr = {};    ///< log(α²/σ²) in nats over t
  std::vector<ProfilePoint> bound = {};  ///< terms of the variational bound, bits/dim over steps
};

/// A row of an artifact snr_curve or bound_terms.
struct PlacedNumber {
  double x = 0.0, y = 0.0;
};
/// Reads the artifact's CSV, of two columns below a heading. Rows that are none, or not finite, are
/// left out.
std::vector<PlacedNumber> read_placed_numbers(std::string_view csv);

/// Over seeds. Empty without seeds, or if their places differ.
std::vector<ProfilePoint> profile_over_seeds(const std::vector<std::vector<PlacedNumber>>& seeds);

}  // namespace assay
