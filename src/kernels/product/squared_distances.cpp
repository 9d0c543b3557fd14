// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/squared_distances.h"

#include <ATen/ATen.h>

namespace assay {

at::Tensor squared_distances(const at::Tensor& a, const at::Tensor& b) {
  return (a.unsqueeze(1) - b.unsqueeze(0)).square().sum(2);
}

at::Tensor squared_distances_by_products(const at::Tensor& a, const at::Tensor& b) {
  auto distances = at::addmm(b.square().sum(1).unsqueeze(0), a, b.t(), 1.0, -2.0);
  return distances.add_(a.square().sum(1).unsqueeze(1)).clamp_min_(0.0);
}

}  // namespace assay
