// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/group_norm.h"

#include "kernels/normalisation/group_norm.h"

namespace assay {

torch::Tensor norm_silu(const torch::nn::GroupNorm& norm, const torch::Tensor& x,
                        const torch::Tensor& shift) {
  return group_norm_silu(x, {shift, norm->weight, norm->bias}, norm->options.num_groups(),
                         norm->options.eps());
}

torch::Tensor adaptive_norm_silu(const torch::nn::GroupNorm& norm, const torch::Tensor& x,
                                 const torch::Tensor& scale, const torch::Tensor& shift) {
  const auto factor = scale + 1.0;
  return group_norm_silu(x, {{}, norm->weight * factor, norm->bias * factor + shift},
                         norm->options.num_groups(), norm->options.eps());
}

}  // namespace assay
