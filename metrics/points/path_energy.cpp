// SPDX-License-Identifier: Apache-2.0
#include "metrics/points/path_energy.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "metrics/points/wasserstein.h"

namespace assay {
namespace {

constexpr std::uint64_t kSubsetSeed = 0x706174685f656e65;  // "path_ene"

}  // namespace

Mean normalised_path_energy(const at::Tensor& energies, const at::Tensor& starts,
                            const at::Tensor& reference) {
  const Mean energy = mean_of(energies);
  const double distance = wasserstein_2(starts, reference).value;
  const double squared = distance * distance;
  return {std::abs(energy.value - squared) / squared, energy.standard_error / squared};
}

MetricValue compute_normalised_path_energy(const MetricInputs& inputs) {
  constexpr std::string_view kName = "normalised_path_energy";
  const auto energies = checked_values(inputs.points.path_energies, {kName, "path energy"});
  const auto starts = checked_rows(inputs.points.path_starts, {kName, "path start"});
  const auto reference = checked_rows(inputs.points.reference, {kName, "reference"});
  const std::int64_t limit = whole_option(inputs, "normalised_path_energy.points");
  const auto [x, y] = matched_points(starts, reference, limit, kSubsetSeed);
  const Mean energy = normalised_path_energy(energies, x, y);
  return scored(
      inputs, energy,
      {.metric = kName,
       .estimator = "energy of the sampler's steps against exact assignment",
       .n_generated = energies.size(0),
       .n_real = reference.size(0),
       .settings = {{"points", std::to_string(limit)}, {"n_matched", std::to_string(x.size(0))}}});
}

}  // namespace assay
