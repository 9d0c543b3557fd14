// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/denoiser.h"

#include <ATen/ATen.h>

#include <utility>

namespace assay {

Condition of_examples(const Condition& condition, const torch::Tensor& index) {
  const auto rows = [&](const torch::Tensor& told) {
    return told.defined() ? told.index_select(0, index) : told;
  };
  return {.labels = rows(condition.labels), .tokens = rows(condition.tokens)};
}

Denoiser counted(Denoiser denoiser, std::int64_t& examples) {
  return [denoiser = std::move(denoiser), &examples](const torch::Tensor& x, const torch::Tensor& t,
                                                     const Condition& condition) {
    examples += x.size(0);
    return denoiser(x, t, condition);
  };
}

Denoiser clipped(Denoiser denoiser) {
  return [denoiser = std::move(denoiser)](const torch::Tensor& x, const torch::Tensor& t,
                                          const Condition& condition) {
    auto estimate = denoiser(x, t, condition);
    estimate.x0 = estimate.x0.clamp(-1.0, 1.0);
    return estimate;
  };
}

}  // namespace assay
