// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace assay {

/// A value of each example, [N], as [N,1,…] to compute with examples like x.
inline torch::Tensor along(const torch::Tensor& of_examples, const torch::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = of_examples.size(0);
  return of_examples.view(shape);
}

}  // namespace assay
