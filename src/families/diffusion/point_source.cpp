// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/point_source.h"

#include <ATen/ATen.h>

#include <numbers>

#include "data/generated.h"

namespace assay {
namespace {

std::vector<std::string> point_sets() {
  auto names = point_sources().names();
  std::erase(names, "noise");
  return names;
}

}  // namespace

const Choices<SourceLoader>& point_sources() {
  static const Choices<SourceLoader> all = {{"noise", nullptr},
                                            {"ring", load_ring},
                                            {"eight_gaussians", load_eight_gaussians},
                                            {"grid", load_grid},
                                            {"swiss_roll", load_swiss_roll},
                                            {"moons", load_moons},
                                            {"s_curve", load_s_curve},
                                            {"checkerboard", load_checkerboard}};
  return all;
}

Schema source_keys() {
  const std::vector<Need> of_points = {{"objective.source", point_sets()}};
  return {
      {.path = "objective.source",
       .default_value = std::string("noise"),
       .meaning = "ot: what the paths of points begin at: N(0, I), or another set of points (Tong "
                  "et al. 2024), of dataset.seed",
       .choices = point_sources().names(),
       .needs = {{"objective.process", {"ot"}}}},
      {.path = "objective.source_noise",
       .default_value = 0.0,
       .meaning = "standard deviation of its points about their mode or curve, before they are "
                  "scaled; 0: the set's own",
       .minimum = 0,
       .maximum = 1e6,
       .needs = of_points},
      {.path = "objective.source_sd",
       .default_value = 0.0,
       .meaning = "standard deviation of its coordinates, all taken together, to which they are "
                  "scaled after their mean is taken off; 0: they stay as they are",
       .minimum = 0,
       .maximum = 1e6,
       .needs = of_points},
  };
}

PointSource::PointSource(const Definition& definition, torch::Device device) {
  const auto& name = definition.text("objective.source");
  const auto set = point_sources().at(name)(
      {.name = name,
       .seed = static_cast<std::uint64_t>(definition.integer("dataset.seed")),
       .noise = definition.number("objective.source_noise")});
  points_ = set.train.images;
  if (const double sd = definition.number("objective.source_sd"); sd > 0.0) {
    const auto all = points_.to(at::kDouble);
    const auto centred = all - all.mean();
    points_ = (centred * (sd / centred.square().mean().sqrt())).to(at::kFloat);
  }
  points_ = points_.to(device);
}

torch::Tensor PointSource::at_noise(const torch::Tensor& eps) const {
  const auto z = eps.select(1, 0).to(at::kDouble);
  const auto share = 0.5 * at::erfc(-z / std::numbers::sqrt2);
  const auto count = points_.size(0);
  const auto row = (share * static_cast<double>(count)).to(at::kLong).clamp_max(count - 1);
  return points_.index_select(0, row);
}

}  // namespace assay
