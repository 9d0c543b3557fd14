// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/minibatch_stddev.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace assay {

torch::Tensor MinibatchStddevImpl::forward(const torch::Tensor& x) {
  constexpr double kSmall = 1e-8;
  const auto count = x.size(0), group = std::min(group_, count);
  TORCH_CHECK(count % group == 0, "a batch of ", count, " examples does not make groups of ",
              group);
  const auto of_groups = x.reshape({group, count / group, x.size(1), x.size(2), x.size(3)});
  const auto variance = (of_groups - of_groups.mean(0)).square().mean(0);
  const auto value = (variance + kSmall).sqrt().mean({1, 2, 3});  // [M]
  const auto channel =
      value.repeat({group}).view({count, 1, 1, 1}).expand({count, 1, x.size(2), x.size(3)});
  return at::cat({x, channel}, 1);
}

}  // namespace assay
