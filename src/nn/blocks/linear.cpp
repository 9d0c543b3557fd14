// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/linear.h"

#include "kernels/product/linear.h"

namespace assay {

torch::Tensor LinearImpl::forward(const torch::Tensor& x) { return linear(x, weight, bias); }

}  // namespace assay
