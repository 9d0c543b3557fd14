// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <cstdint>
#include <string_view>

namespace assay {

/// A tensor whose values follow from its name, as `hashfill` of make_fixtures2.py computes them:
/// uniform in offset ± scale. So networks of real size need no weights in the repository.
inline at::Tensor hash_filled(std::string_view name, at::IntArrayRef shape, double scale,
                              double offset = 0.0) {
  std::uint32_t seed = 2166136261U;  // FNV-1a
  for (const char letter : name) {
    seed = (seed ^ static_cast<unsigned char>(letter)) * 16777619U;
  }
  auto tensor = at::empty(shape, at::kFloat);
  auto* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    auto v = seed * 2654435761U + static_cast<std::uint32_t>(i) * (40503U * 2246822519U);
    v ^= v >> 15;
    v *= 2246822519U;
    v ^= v >> 13;
    const double uniform = static_cast<double>(v >> 8) / 16777216.0 - 0.5;
    values[i] = static_cast<float>(uniform * 2 * scale + offset);
  }
  return tensor;
}

}  // namespace assay
