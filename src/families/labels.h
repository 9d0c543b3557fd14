// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace assay {

/// Labels [N] i64 as [N,classes] f32 on their device. at::one_hot looks at the labels' values,
/// which several seeds at a time cannot.
inline at::Tensor one_hot(const at::Tensor& labels, std::int64_t classes) {
  return (labels.unsqueeze(-1) == at::arange(classes, labels.options())).to(at::kFloat);
}

/// The labels [end − begin] i64 of the samples from `begin` on: the classes in turn.
inline at::Tensor classes_in_turn(std::int64_t begin, std::int64_t end, std::int64_t classes) {
  return at::arange(begin, end, at::kLong).remainder(classes);
}

}  // namespace assay
