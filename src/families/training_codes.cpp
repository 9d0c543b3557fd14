// SPDX-License-Identifier: Apache-2.0
#include "families/training_codes.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/random.h"
#include "data/batch_stream.h"
#include "kernels/runtime/multiply_adds.h"

namespace assay {

torch::Tensor codes_of_training_images(
    const torch::Tensor& images, std::int64_t count, torch::Device device,
    const std::function<torch::Tensor(const torch::Tensor&)>& encode) {
  TORCH_CHECK(images.defined(), "the model was built without its training images");
  constexpr std::int64_t kRows = 500;
  const MultiplyAddsUncounted once;  // however many samples follow
  const torch::NoGradGuard no_grad;
  auto chosen = images;
  if (count > 0 && count < images.size(0)) {
    const auto rows = RandomStream(stream_seed(0, "code_fit")).choice(images.size(0), count);
    chosen = images.index_select(0, at::tensor(rows, at::kLong));
  }
  std::vector<torch::Tensor> parts;
  for (std::int64_t i = 0; i < chosen.size(0); i += kRows) {
    const auto block = chosen.narrow(0, i, std::min(kRows, chosen.size(0) - i));
    parts.push_back(encode(to_model_range(block).to(device)).to(at::kCPU));
  }
  return at::cat(parts);
}

void describe_fit_images(const Definition& definition, std::int64_t training_images,
                         Protocol& protocol) {
  const auto asked = definition.integer("sampler.fit_images");
  const auto used = asked == 0 ? training_images : std::min(asked, training_images);
  protocol["sampler.fit_images"] = std::to_string(used);
}

}  // namespace assay
