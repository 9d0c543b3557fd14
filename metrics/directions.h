// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"

namespace assay {

/// Rows [N,D] f64 divided by their Euclidean lengths. Throws Error naming the first row of length
/// zero, which has no direction.
at::Tensor unit_rows(const at::Tensor& rows, const InputName& name);

}  // namespace assay
