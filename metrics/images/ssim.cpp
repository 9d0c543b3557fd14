// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/ssim.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "metrics/images/reconstruction.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr double kSigma = 1.5;
constexpr double kC1 = (0.01 * 255.0) * (0.01 * 255.0);
constexpr double kC2 = (0.03 * 255.0) * (0.03 * 255.0);
constexpr std::array<double, 5> kScaleWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr std::int64_t kImagesPerBlock = 16;

at::Tensor gaussian_window() {
  constexpr std::int64_t kHalf = kSsimWindow / 2;
  std::vector<double> weights;
  for (std::int64_t i = 0; i < kSsimWindow; ++i) {
    const auto offset = static_cast<double>(i - kHalf);
    weights.push_back(std::exp(-offset * offset / (2.0 * kSigma * kSigma)));
  }
  const auto window = at::tensor(weights, at::kDouble);
  return window / window.sum();
}

// Weighted means of all windows inside of [N,C,H,W]: rows first, then columns.
at::Tensor window_means(const at::Tensor& images, const at::Tensor& window) {
  const auto planes = images.flatten(0, 1).unsqueeze(1);
  const auto means = at::conv2d(at::conv2d(planes, window.view({1, 1, 1, kSsimWindow})),
                                window.view({1, 1, kSsimWindow, 1}));
  return means.view({images.size(0), images.size(1), means.size(2), means.size(3)});
}

at::Tensor halved(const at::Tensor& images) {
  return at::avg_pool2d(images, {2, 2}, /*stride=*/{2, 2}, {images.size(2) % 2, images.size(3) % 2},
                        /*ceil_mode=*/false, /*count_include_pad=*/true);
}

// One number per image, in blocks of a fixed size so that memory does not grow with N.
template <typename Score>
Mean mean_over_images(const at::Tensor& originals, const at::Tensor& reconstructions,
                      const Score& score) {
  TORCH_CHECK(originals.dim() == 4 && originals.sizes() == reconstructions.sizes(),
              "ssim: needs two [N,C,H,W], not ", originals.sizes(), " and ",
              reconstructions.sizes());
  std::vector<at::Tensor> values;
  run_serial([&] {
    for (std::int64_t i = 0; i < originals.size(0); i += kImagesPerBlock) {
      const auto end = std::min(i + kImagesPerBlock, originals.size(0));
      values.push_back(score(originals.slice(0, i, end).to(at::kDouble),
                             reconstructions.slice(0, i, end).to(at::kDouble)));
    }
  });
  return mean_of(at::cat(values));
}

void check_side(const at::Tensor& images, std::int64_t least, std::string_view metric) {
  if (std::min(images.size(2), images.size(3)) >= least) return;
  throw Error(
      fmt::format("{}: images of {}×{} pixels are too small, both sides must have {} or "
                  "more",
                  metric, images.size(2), images.size(3), least));
}

}  // namespace

SsimTerms ssim_terms(const at::Tensor& x, const at::Tensor& y) {
  TORCH_CHECK(x.dim() == 4 && x.sizes() == y.sizes() && x.scalar_type() == at::kDouble &&
                  y.scalar_type() == at::kDouble && x.size(2) >= kSsimWindow &&
                  x.size(3) >= kSsimWindow,
              "ssim_terms: needs two [N,C,H,W] f64 with sides of at least ", kSsimWindow, ", not ",
              x.sizes(), " and ", y.sizes());
  const auto window = gaussian_window();
  const auto mean_x = window_means(x, window);
  const auto mean_y = window_means(y, window);
  const auto variances = window_means(x * x + y * y, window) - mean_x * mean_x - mean_y * mean_y;
  const auto covariance = window_means(x * y, window) - mean_x * mean_y;
  const auto contrast = (2.0 * covariance + kC2) / (variances + kC2);
  const auto luminance = (2.0 * mean_x * mean_y + kC1) / (mean_x * mean_x + mean_y * mean_y + kC1);
  return {(luminance * contrast).mean({2, 3}), contrast.mean({2, 3})};
}

Mean ssim(const at::Tensor& originals, const at::Tensor& reconstructions) {
  return mean_over_images(originals, reconstructions, [](const at::Tensor& x, const at::Tensor& y) {
    return ssim_terms(x, y).similarity.mean(1);
  });
}

Mean ms_ssim(const at::Tensor& originals, const at::Tensor& reconstructions) {
  const auto score = [](at::Tensor x, at::Tensor y) {
    auto product = at::ones({x.size(0), x.size(1)}, at::kDouble);
    for (std::size_t scale = 0; scale < kScaleWeights.size(); ++scale) {
      const bool last = scale + 1 == kScaleWeights.size();
      const SsimTerms terms = ssim_terms(x, y);
      const auto& factor = last ? terms.similarity : terms.contrast;
      product = product * factor.relu().pow(kScaleWeights.at(scale));
      if (last) break;
      x = halved(x);
      y = halved(y);
    }
    return product.mean(1);
  };
  return mean_over_images(originals, reconstructions, score);
}

MetricValue compute_ssim(const MetricInputs& inputs) {
  check_reconstructions(inputs, "ssim");
  check_side(inputs.images.originals, kSsimWindow, "ssim");
  const Mean similarity = ssim(inputs.images.originals, inputs.images.reconstructions);
  return scored(
      inputs, similarity,
      {.metric = "ssim",
       .estimator = "Gaussian 11x11 sigma 1.5 inside the image, K 0.01 0.03, L 255, per channel",
       .n_real = inputs.images.originals.size(0)});
}

MetricValue compute_ms_ssim(const MetricInputs& inputs) {
  check_reconstructions(inputs, "ms_ssim");
  check_side(inputs.images.originals, kMsSsimSide, "ms_ssim");
  const Mean similarity = ms_ssim(inputs.images.originals, inputs.images.reconstructions);
  return scored(inputs, similarity,
                {.metric = "ms_ssim",
                 .estimator = "5 scales by 2x2 means, weights of 2003, Gaussian 11x11 sigma 1.5 "
                              "inside the image, K 0.01 0.03, L 255, per channel",
                 .n_real = inputs.images.originals.size(0)});
}

}  // namespace assay
