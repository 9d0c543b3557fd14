// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/corruption.h"

#include <ATen/ATen.h>

namespace assay {

torch::Tensor add_gaussian_noise(const torch::Tensor& images, double sigma, const Noise& noise) {
  return images + sigma * noise.normal(images.sizes(), images.options());
}

torch::Tensor mask(const torch::Tensor& images, double share, const Noise& noise) {
  const auto u = noise.uniform(images.sizes(), images.options());
  return at::where(u < share, at::full_like(images, -1.0), images);
}

torch::Tensor salt_and_pepper(const torch::Tensor& images, double share, const Noise& noise) {
  // One uniform number decides both: [0, share/2) is black, [share/2, share) is white.
  const auto u = noise.uniform(images.sizes(), images.options());
  const auto black = at::where(u < 0.5 * share, at::full_like(images, -1.0), images);
  return at::where(at::logical_and(u >= 0.5 * share, u < share), at::ones_like(images), black);
}

torch::Tensor uncorrupted(const torch::Tensor& images, double /*level*/, const Noise& /*noise*/) {
  return images;
}

}  // namespace assay
