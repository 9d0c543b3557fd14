// SPDX-License-Identifier: Apache-2.0
// Consistency: what the discriminator says of an example must not change with what leaves its
// meaning. Images alone; T flips half of them left to right and shifts each by up to an eighth of
// its side, whole pixels, edges mirrored.
#include <ATen/ATen.h>

#include <algorithm>

#include "families/gan/critic_penalty.h"

namespace assay {
namespace {

// Where the pixels of a side come from that is shifted by `shift` [N,1]: i + shift, mirrored at the
// outermost pixels, [N,side].
torch::Tensor sources(std::int64_t side, const torch::Tensor& shift) {
  const auto last = static_cast<double>(side - 1);
  const auto at = (at::arange(side, shift.options()).unsqueeze(0) + shift).abs();
  return (last - (last - at).abs()).to(at::kLong);
}

// Whole pixels of {−most, …, most}, all equally likely, [N,1].
torch::Tensor drawn_shift(std::int64_t count, std::int64_t side, const torch::Tensor& images,
                          const Noise& noise) {
  const auto most = static_cast<double>(std::max<std::int64_t>(1, side / 8));
  const auto options = images.options().requires_grad(false);
  const auto u = noise.uniform({count, 1}, options);
  return (u * (2.0 * most + 1.0)).floor().clamp_max(2.0 * most) - most;
}

torch::Tensor transformed(const torch::Tensor& images, const Noise& noise) {
  TORCH_CHECK(images.dim() == 4, "consistency is of images, not of ", images.sizes());
  const auto n = images.size(0), c = images.size(1), h = images.size(2), w = images.size(3);
  const auto flipped = noise.uniform({n, 1}, images.options().requires_grad(false)) < 0.5;
  const auto rows = sources(h, drawn_shift(n, h, images, noise));
  auto columns = sources(w, drawn_shift(n, w, images, noise));
  columns = at::where(flipped, (w - 1) - columns, columns);
  const auto shifted = images.gather(2, rows.view({n, 1, h, 1}).expand({n, c, h, w}));
  return shifted.gather(3, columns.view({n, 1, 1, w}).expand({n, c, h, w}));
}

// E (D(x) − D(T(x)))² (Zhang et al. 2020, eq. 3, of the last layer alone).
torch::Tensor change(const CriticView& view, const torch::Tensor& images,
                     const torch::Tensor& classes) {
  const auto of_both = view.logits(transformed(images, view.noise), classes);
  return (view.logits(images, classes) - of_both).square().mean();
}

torch::Tensor of_real(const CriticView& view) { return change(view, view.real, view.real_classes); }

torch::Tensor of_generated(const CriticView& view) {
  return change(view, view.generated, view.generated_classes);
}

}  // namespace

CriticPenalty consistency_penalty() {
  return {.paper = "Zhang et al. 2020 (CR-GAN), eq. 3; Zhao et al. 2021 (bCR), eq. 2",
          .meaning =
              "weight of E(D(x) − D(T(x)))², T shifting and flipping real images (Zhang et al. "
              "2020, CR; with the next one Zhao et al. 2021, bCR)",
          .value = of_real,
          .takes_examples_alone = false,
          .of_images = true,
          .bounds_slope = false,
          .every_step = true};
}

CriticPenalty generated_consistency_penalty() {
  return {
      .paper = "Zhao et al. 2021 (bCR), eq. 2",
      .meaning = "weight of E(D(G(z)) − D(T(G(z))))², of generated images (Zhao et al. 2021, bCR)",
      .value = of_generated,
      .takes_examples_alone = false,
      .of_images = true,
      .bounds_slope = false,
      .every_step = true};
}

}  // namespace assay
