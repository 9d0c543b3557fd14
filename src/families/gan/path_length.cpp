// SPDX-License-Identifier: Apache-2.0
#include "families/gan/path_length.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

#include "families/gan/penalty_step.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

constexpr double kDecay = 0.01;

}  // namespace

torch::Tensor path_directions(const torch::Tensor& images, const Noise& noise) {
  const double pixels = static_cast<double>(images.size(2) * images.size(3));
  return noise.normal(images.sizes(), images.options().requires_grad(false)) / std::sqrt(pixels);
}

torch::Tensor path_lengths(const torch::Tensor& images, const torch::Tensor& w,
                           const torch::Tensor& y) {
  const auto slope = gradient_by((images * y).sum(), w);
  return (slope.square().sum(2).mean(1) + 1e-12).sqrt();
}

Schema path_length_keys() {
  const std::vector<Need> needs = {{"objective.path_length"}};
  return {{.path = "objective.path_length",
           .default_value = 0.0,
           .meaning = "weight of path-length regularisation E(‖J_wᵀ y‖ − a)² of a generator of "
                      "styles (Karras et al. 2020: 2); 0: off",
           .minimum = 0,
           .maximum = 1e6},
          {.path = "objective.path_length_interval",
           .default_value = std::int64_t{4},
           .meaning = "it is due at every so manieth update of the generator, and counts so many "
                      "times",
           .unit = "updates",
           .minimum = 1,
           .maximum = 1e6,
           .needs = needs},
          {.path = "objective.path_length_batch_shrink",
           .default_value = std::int64_t{2},
           .meaning = "it looks at a batch of its own, so many times smaller than "
                      "train.batch_size",
           .minimum = 1,
           .maximum = 1e6,
           .needs = needs}};
}

PathLength::PathLength(const Definition& definition, torch::Device device)
    : weight_(definition.number("objective.path_length")),
      interval_(definition.integer("objective.path_length_interval")),
      shrink_(definition.integer("objective.path_length_batch_shrink")),
      apart_(weight_ > 0.0 && penalties_apart(definition)),
      mean_(at::zeros({}, at::TensorOptions(at::kFloat).device(device))) {}

OptimizerOptions PathLength::optimizer_options(const Definition& definition) const {
  const auto options = network_optimizer_options(definition, "generator");
  return apart_ ? corrected_for_penalty_steps(options, interval_) : options;
}

torch::Tensor PathLength::penalty(const torch::Tensor& images, const torch::Tensor& w,
                                  const Noise& noise, std::vector<LossTerm>& terms) {
  const auto lengths = path_lengths(images, w, path_directions(images, noise));
  const auto mean = mean_ + kDecay * (lengths.mean() - mean_);
  {
    const torch::NoGradGuard no_grad;
    mean_.copy_(mean);
  }
  const auto term = weight_ * (lengths - mean).square().mean();
  terms.push_back({"path_length", term.detach()});
  terms.push_back({"path_length_mean", mean.detach()});
  return static_cast<double>(interval_) * term;
}

void PathLength::visit_state(StateVisitor& visitor) {
  if (weight_ > 0.0) visitor.tensor("path_length.mean", mean_, StateKind::kBuffer);
}

}  // namespace assay
