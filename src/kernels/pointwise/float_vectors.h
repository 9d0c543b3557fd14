// SPDX-License-Identifier: Apache-2.0
#pragma once

// Vectors of kLanes floats. Included only by files compiled for one vector unit each: everything is
// internal to them, so that no function built for wide vectors is linked where they do not exist.

namespace assay {
namespace {

template <int kLanes>
struct VectorOf {
  using Type [[gnu::vector_size(kLanes * sizeof(float))]] = float;
};
template <int kLanes>
using Vector = typename VectorOf<kLanes>::Type;

template <class V>
inline V load(const float* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

template <class V>
inline void store(float* to, V value) {
  __builtin_memcpy(to, &value, sizeof value);
}

}  // namespace
}  // namespace assay
