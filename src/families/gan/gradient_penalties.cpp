// SPDX-License-Identifier: Apache-2.0
// Penalties on the slope of the discriminator's logit by the example: one number an example, over
// all of its values. The gradients keep their graph, so that the penalty can be differentiated by
// the weights; every layer of nn/ that discriminators are made of has such second derivatives, by
// LibTorch's operators where a kernel of ours has none of its own.
#include <ATen/ATen.h>

#include "families/gan/critic_penalty.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// ‖∇_x D(x)‖₂² of each example, [N].
torch::Tensor squared_slopes(const CriticView& view, const torch::Tensor& examples,
                             const torch::Tensor& classes) {
  const auto x = leaf_of(examples);
  return gradient_by(view.logits(x, classes).sum(), x).square().flatten(1).sum(1);
}

// At or near real examples, so of their classes. The root has no derivative at 0, where a
// discriminator may well be flat.
torch::Tensor slopes(const CriticView& view, const torch::Tensor& examples) {
  return (squared_slopes(view, examples, view.real_classes) + 1e-12).sqrt();
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

// E(‖∇D(x̂)‖₂ − 1)², x̂ between real and generated (Gulrajani et al. 2017, eq. 3).
torch::Tensor two_sided(const CriticView& view) {
  return (slopes(view, between(view)) - 1.0).square().mean();
}

// E max(0, ‖∇D(x̂)‖₂ − 1)²: slopes below 1 are free (Gulrajani et al. 2017, sec. 4; Petzka et al.
// 2018, eq. 8).
torch::Tensor one_sided(const CriticView& view) {
  return at::relu(slopes(view, between(view)) - 1.0).square().mean();
}

// ½ E‖∇D(x)‖₂² of real examples (Mescheder et al. 2018, eq. 9); its weight is γ.
torch::Tensor at_real(const CriticView& view) {
  return 0.5 * squared_slopes(view, view.real, view.real_classes).mean();
}

// ½ E‖∇D(G(z))‖₂² (eq. 10).
torch::Tensor at_generated(const CriticView& view) {
  return 0.5 * squared_slopes(view, view.generated, view.generated_classes).mean();
}

// E(‖∇D(x̂)‖₂ − 1)² around real examples (Kodali et al. 2017), as the authors' code has it:
// x̂ = x + α · ½ sd · β, sd that of all values of the batch (÷N), α ~ U[0,1) an example and
// β ~ U[0,1) a value. The paper's eq. 5 has x + δ, δ ~ N(0, c·I).
torch::Tensor around_real(const CriticView& view) {
  const auto share = share_of_each(view.real, view.noise);
  const auto sd = view.real.flatten().std(/*unbiased=*/false);
  const auto beta = view.noise.uniform(view.real.sizes(), view.real.options().requires_grad(false));
  const auto nearby = view.real + share * (0.5 * sd * beta);
  return (slopes(view, nearby) - 1.0).square().mean();
}

}  // namespace

CriticPenalty gradient_penalty() {
  return {.paper = "Gulrajani et al. 2017, eq. 3",
          .meaning =
              "weight λ of the gradient penalty E(‖∇D(x)‖ − 1)² between real and generated "
              "examples",
          .value = two_sided};
}

CriticPenalty one_sided_gradient_penalty() {
  return {.paper = "Gulrajani et al. 2017, sec. 4; Petzka et al. 2018",
          .meaning =
              "weight λ of the gradient penalty of slopes above 1 alone, E max(0, ‖∇D(x)‖ − "
              "1)²",
          .value = one_sided};
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
          .takes_examples_alone = false};
}

}  // namespace assay
