// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// ‖a_i − b_j‖² of rows [N,D] and [M,D]: [N,M], by differences. Equal rows are at exactly 0, and it
/// can be differentiated; N·M·D numbers are held at once.
at::Tensor squared_distances(const at::Tensor& a, const at::Tensor& b);

/// The same as ‖a_i‖² + ‖b_j‖² − 2 a_i·b_j, not below 0, by one product of matrices: for many
/// columns. What lies close together far from the origin cancels; shift both sides there first.
at::Tensor squared_distances_by_products(const at::Tensor& a, const at::Tensor& b);

}  // namespace assay
