// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// What examples or samples are said to show. Undefined: nothing, it is dropped.
struct Condition {
  torch::Tensor labels = {};  ///< [N] i64, of which the number of classes stands for none
  /// [N,L] i64, rows of one table of embeddings, of which the one past its last entry stands for
  /// none: a sequence that cross-attention looks at
  torch::Tensor tokens = {};
};

}  // namespace assay
