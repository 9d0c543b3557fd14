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

torch::Tensor corrupted(const torch::Tensor& images, std::string_view name, double level,
                        const Noise& noise) {
  if (name == "gaussian") return add_gaussian_noise(images, level, noise);
  if (name == "masking") return mask(images, level, noise);
  TORCH_CHECK(name == "salt_and_pepper", "unknown corruption ", name);
  return salt_and_pepper(images, level, noise);
}

}  // namespace assay
