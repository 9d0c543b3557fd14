// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "metrics/metric.h"

namespace assay {

/// Latent codes beside the factors that made their images.
struct CheckedCodes {
  at::Tensor values;                ///< [N,L] f64
  at::Tensor factors;               ///< [N,F] i64, each from 0 to its size − 1
  std::vector<std::int64_t> sizes;  ///< [F] values each factor can take
};

/// inputs.codes's codes and factors. Throws Error naming the metric if they are absent,
/// not of equally many rows (N ≥ 10), not finite or out of range, if there is one code only, or if
/// a factor keeps one value throughout.
CheckedCodes checked_codes(const MetricInputs& inputs, std::string_view metric);

/// Groups of codes, each made by images that share the value of one factor.
struct CodeGroups {
  at::Tensor values;                  ///< [G,…,L] f64
  std::vector<std::int64_t> factors;  ///< [G]
  std::int64_t n_factors = 0;
};

/// Checks groups of `dimensions` dimensions (3: [G,B,L], 4: [G,B,2,L]) and their factors [G] i64.
/// Throws Error naming the metric as checked_codes does.
CodeGroups checked_groups(const at::Tensor& values, const at::Tensor& factors,
                          std::int64_t dimensions, std::string_view metric);

/// Rows to learn from and rows to score, two thirds and one third of a fixed seeded permutation of
/// n, since rows may be ordered by factor. Each i64.
struct Split {
  at::Tensor train, test;
};
Split train_test_split(std::int64_t n);

}  // namespace assay
