// SPDX-License-Identifier: Apache-2.0
#include "nn/linear.h"

#include "kernels/linear.h"

namespace assay {

torch::Tensor LinearImpl::forward(const torch::Tensor& x) { return linear(x, weight, bias); }

}  // namespace assay
