// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "metrics/metric.h"

namespace assay {

/// Sums of a kernel over pairs of two sets x (generated) and y (reference), for each row.
struct KernelSums {
  std::vector<double> xx;  ///< [N] Σ_{j≠i} k(x_i, x_j)
  std::vector<double> yy;  ///< [M]
  std::vector<double> xy;  ///< [N] Σ_j k(x_i, y_j)
  std::vector<double> yx;  ///< [M] Σ_i k(x_i, y_j)
};

struct PairRequest {
  std::int64_t k = 0;                    ///< neighbours; 0: none are looked for
  bool closed_balls = true;              ///< a neighbour counts with ≤, else with <
  bool cubic_kernel = false;             ///< (x·y/D + 1)³
  std::optional<double> gaussian_sigma;  ///< exp(−‖x−y‖²/2σ²)
  at::Device device = at::kCPU;          ///< of the products; all else is done on the CPU
  bool operator==(const PairRequest&) const = default;
};

/// What one pass over all pairs of two feature sets finds. A ball round a point reaches to its k-th
/// nearest other point of the same set.
struct PairStatistics {
  PairRequest request;
  at::ScalarType arithmetic = at::kDouble;  ///< of the products behind the kernel sums
  std::vector<double> generated_radii;      ///< [N] squared
  std::vector<double> reference_radii;      ///< [M] squared
  std::vector<std::int32_t> balls_hit;      ///< [N] reference balls that hold x_i
  std::vector<std::int32_t> reference_hit;  ///< [M] generated balls that hold y_j
  std::vector<std::uint8_t> covered;        ///< [M] whether y_j's own ball holds any x
  /// [N] whether x_i's nearest y lies nearer to another y than to x_i (Alaa et al. 2022).
  std::vector<std::uint8_t> authentic;
  KernelSums cubic;
  KernelSums gaussian;
};

/// Sweeps tiles of the three Gram matrices once, each product computed once; memory is O(tile) and
/// one copy of the features. generated [N,D], reference [M,D], both f32 or both f64; N, M ≥ 2. A
/// set of k rows or fewer has no balls.
///
/// Products are f64 up to 4096 rows a side and f32 above (f64 if those could overflow, and always
/// for the Gaussian kernel). Whatever is counted or compared is exact all the same: products bound
/// a distance, and what the bound leaves open is decided by Σ(aᵢ−bᵢ)² in f64. Results do not depend
/// on the number of threads.
PairStatistics sweep_pairs(const at::Tensor& generated, const at::Tensor& reference,
                           const PairRequest& request);

/// The last sweep of an evaluation, and of what.
struct PairSweepMemo {
  PairRequest request;
  at::Tensor generated, reference;
  std::shared_ptr<const PairStatistics> statistics;
};

/// The statistics that all metrics wanted need, computed at the first call of one evaluation (kept
/// in inputs.sweep if there is one).
std::shared_ptr<const PairStatistics> pair_statistics(const MetricInputs& inputs,
                                                      std::string_view metric);

}  // namespace assay
