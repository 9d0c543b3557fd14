// SPDX-License-Identifier: Apache-2.0
// Penalties on the slope of the discriminator's logit by the example: one number an example, over
// all of its values. The gradients keep their graph, so that the penalty can be differentiated by
// the weights; every layer of nn/ that discriminators are made of has such second derivatives, by
// LibTorch's operators where a kernel of ours has none of its own.
#include <ATen/ATen.h>

#include <cmath>

#include "families/gan/critic_penalty.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// ‖∇_x D(x)‖₂² of each example, [N].
torch::Tensor squared_slopes(const CriticView& view, const torch::Tensor& examples,
                             const torch::Tensor& classes, bool of_logits = true) {
  const auto x = leaf_of(examples);
  const auto logits = view.logits(x, classes);
  const auto judged = of_logits ? logits : logits.sigmoid();
  return gradient_by(judged.sum(), x).square().flatten(1).sum(1);
}

// ‖∇D(x)‖₂ − s, at or near real examples, so of their classes. The root has no derivative at 0,
// where a discriminator may well be flat.
torch::Tensor steepness(const CriticView& view, const torch::Tensor& examples) {
  const auto squares = squared_slopes(view, examples, view.real_classes, view.slope.of_logits);
  return (squares + 1e-12).sqrt() - view.slope.target;
}

// One number of U[0,1) for each example, to multiply examples with.
torch::Tensor share_of_each(const torch::Tensor& examples, const Noise& noise) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(examples.dim()), 1);
  sizes[0] = examples.size(0);
  return noise.uniform(sizes, examples.options().requires_grad(false));
}

// α x + (1 − α) G(z), α ~ U[0,1) for each pair (Gulrajani et al. 2017, algorithm 1, line 6).
torch::Tensor between(const CriticView& view) {
  const auto share = share_of_each(view.real, view.noise);
  return share * view.real + (1.0 - share) * view.generated;
}

// E(‖∇D(x̂)‖₂ − s)², x̂ between real and generated (Gulrajani et al. 2017, eq. 3, s = 1).
torch::Tensor two_sided(const CriticView& view) {
  return steepness(view, between(view)).square().mean();
}

// E max(0, ‖∇D(x̂)‖₂ − s)²: slopes below s are free (Gulrajani et al. 2017, sec. 4; Petzka et al.
// 2018, eq. 8).
torch::Tensor one_sided(const CriticView& view) {
  return at::relu(steepness(view, between(view))).square().mean();
}

// ½ E‖∇D(x)‖₂² of real examples (Mescheder et al. 2018, eq. 9); its weight is γ.
torch::Tensor at_real(const CriticView& view) {
  return 0.5 * squared_slopes(view, view.real, view.real_classes).mean();
}

// ½ E‖∇D(G(z))‖₂² (eq. 10).
torch::Tensor at_generated(const CriticView& view) {
  return 0.5 * squared_slopes(view, view.generated, view.generated_classes).mean();
}

// E(‖∇D(x̂)‖₂ − s)² around real examples (Kodali et al. 2017), as the authors' code has it:
// x̂ = x + α · ½ sd · β, sd that of all values of the batch (÷N), α ~ U[0,1) an example and
// β ~ U[0,1) a value; or as the paper's eq. 5, x̂ = x + δ, δ ~ N(0, c·I).
torch::Tensor around_real(const CriticView& view) {
  const auto options = view.real.options().requires_grad(false);
  torch::Tensor nearby;
  if (const double variance = view.slope.dragan_variance; variance > 0.0) {
    nearby = view.real + std::sqrt(variance) * view.noise.normal(view.real.sizes(), options);
  } else {
    const auto share = share_of_each(view.real, view.noise);
    const auto sd = view.real.flatten().std(/*unbiased=*/false);
    nearby = view.real + share * (0.5 * sd * view.noise.uniform(view.real.sizes(), options));
  }
  return steepness(view, nearby).square().mean();
}

constexpr const char* kLogit = "logit";

}  // namespace

Schema penalised_slope_keys() {
  return {
      {.path = "objective.penalty_slope",
       .default_value = 1.0,
       .meaning = "slope that gradient penalties pull to, by values from -1 to 1: 0.5 is a "
                  "slope of 1 by pixels from 0 to 1",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.slope_of",
       .default_value = std::string(kLogit),
       .meaning = "gradient penalties are of slopes of the discriminator's logit, or of its "
                  "sigmoid (Lucic et al. 2018, code, of DRAGAN)",
       .choices = {kLogit, "sigmoid"}},
      {.path = "objective.dragan_variance",
       .default_value = 0.0,
       .meaning = "variance c of the noise N(0, c) about real examples at which DRAGAN's slopes "
                  "are (Kodali et al. 2017, eq. 5); 0: uniform noise, as the authors' code",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.dragan"}}}};
}

PenalisedSlope penalised_slope(const Definition& definition) {
  return {definition.number("objective.penalty_slope"),
          definition.text("objective.slope_of") == kLogit,
          definition.number("objective.dragan_variance")};
}

CriticPenalty gradient_penalty() {
  return {.paper = "Gulrajani et al. 2017, eq. 3",
          .meaning =
              "weight λ of the gradient penalty E(‖∇D(x)‖ − 1)² between real and generated "
              "examples",
          .value = two_sided,
          .pulls_slope = true};
}

CriticPenalty one_sided_gradient_penalty() {
  return {.paper = "Gulrajani et al. 2017, sec. 4; Petzka et al. 2018",
          .meaning =
              "weight λ of the gradient penalty of slopes above 1 alone, E max(0, ‖∇D(x)‖ − "
              "1)²",
          .value = one_sided,
          .pulls_slope = true};
}

CriticPenalty r1_penalty() {
  return {.paper = "Mescheder et al. 2018, eq. 9",
          .meaning = "weight γ of ½ E‖∇D(x)‖² at real examples",
          .value = at_real,
          .takes_groups = true};
}

CriticPenalty r2_penalty() {
  return {.paper = "Mescheder et al. 2018, eq. 10",
          .meaning = "weight γ of ½ E‖∇D(x)‖² at generated examples",
          .value = at_generated,
          .takes_groups = true};
}

// Published with batch normalisation in the discriminator (Kodali et al. 2017; Lucic et al. 2018).
CriticPenalty dragan_penalty() {
  return {.paper = "Kodali et al. 2017 (DRAGAN), the authors' code",
          .meaning = "weight λ of DRAGAN's gradient penalty E(‖∇D(x)‖ − 1)² around real examples",
          .value = around_real,
          .takes_examples_alone = false,
          .pulls_slope = true};
}

}  // namespace assay
