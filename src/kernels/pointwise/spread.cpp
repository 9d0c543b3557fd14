// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/spread.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

// Of `rows` rows of `columns` numbers, in f64.
double spread_of(const float* x, std::int64_t rows, std::int64_t columns) {
  const auto size = static_cast<std::size_t>(columns);
  const auto count = static_cast<double>(rows);
  std::vector<double> means(size), squares(size);
  double *mean = means.data(), *square = squares.data();
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < columns; ++c) mean[c] += static_cast<double>(x[n * columns + c]);
  }
  for (std::int64_t c = 0; c < columns; ++c) mean[c] /= count;
  for (std::int64_t n = 0; n < rows; ++n) {
    for (std::int64_t c = 0; c < columns; ++c) {
      const double d = static_cast<double>(x[n * columns + c]) - mean[c];
      square[c] += d * d;
    }
  }
  double sum = 0.0;
  for (std::int64_t c = 0; c < columns; ++c) sum += std::sqrt(square[c] / count);
  return sum / static_cast<double>(columns);
}

}  // namespace

at::Tensor spread(const at::Tensor& all_samples) {
  const auto samples = all_samples.detach();
  const bool batched = is_batched_over_seeds(samples);
  const auto stack = (batched ? stack_over_seeds(samples) : samples).contiguous();
  if (!is_f32_on_cpu(stack) || stack.numel() == 0) {
    const auto wide = samples.flatten(1).to(at::kDouble);
    return wide.std(/*dim=*/0, /*unbiased=*/false).mean().to(samples.scalar_type());
  }
  const std::int64_t seeds = batched ? stack.size(0) : 1, rows = samples.size(0);
  const std::int64_t columns = samples.numel() / rows;
  auto spreads = at::empty({seeds}, stack.options());
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    const float* first = stack.const_data_ptr<float>() + seed * rows * columns;
    spreads.data_ptr<float>()[seed] = static_cast<float>(spread_of(first, rows, columns));
  }
  return batched ? batch_over_seeds(spreads) : spreads.squeeze(0);
}

}  // namespace assay
