// SPDX-License-Identifier: Apache-2.0
#include "families/gan/critic.h"

#include <ATen/ATen.h>

namespace assay {

torch::Tensor packed(const torch::Tensor& examples, std::int64_t m) {
  if (m == 1) return examples;
  TORCH_CHECK(examples.size(0) % m == 0, "a batch of ", examples.size(0),
              " examples does not make packs of ", m);
  auto sizes = packed_shape({examples.sizes().begin() + 1, examples.sizes().end()}, m);
  sizes.insert(sizes.begin(), examples.size(0) / m);
  return examples.reshape(sizes);
}

torch::Tensor unpacked(const torch::Tensor& packs, std::int64_t m) {
  if (m == 1) return packs;
  auto sizes = packs.sizes().vec();
  sizes[0] *= m;
  sizes[1] /= m;
  return packs.reshape(sizes);
}

std::vector<std::int64_t> packed_shape(std::vector<std::int64_t> example, std::int64_t m) {
  example.front() *= m;
  return example;
}

Judgement judge(Sequential& discriminator, const torch::Tensor& examples, bool with_features) {
  if (!with_features) return {discriminator->forward(examples), {}};
  const std::size_t last = discriminator->size() - 1;
  const auto features = discriminator->forward_through(examples, 0, last);
  return {discriminator->forward_through(features, last, last + 1), features};
}

torch::Tensor feature_matching(const torch::Tensor& generated, const torch::Tensor& real) {
  return (real.detach().mean(0) - generated.mean(0)).square().sum();
}

}  // namespace assay
