// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// Images of values from −1 to 1 as shares of white, from 0 to 1.
inline torch::Tensor to_unit_range(const torch::Tensor& images) { return 0.5 * images + 0.5; }

}  // namespace assay
