// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of batch_likeness_kernels.h, which the compiler turns into vectors. Included only by
// files compiled for one vector unit each: everything is internal to them.

#include "kernels/pointwise/float_vectors.h"
#include "kernels/pointwise/vector_math.h"
#include "kernels/product/batch_likeness_kernels.h"

namespace assay {
namespace {

template <int kLanes>
inline float sum_of(Vector<kLanes> lanes) {
  float total = 0.0F;
  for (int k = 0; k < kLanes; ++k) total += lanes[k];
  return total;
}

template <int kLanes>
inline float sum_of(const float* values, std::int64_t count) {
  Vector<kLanes> sums = {};
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) sums += load<Vector<kLanes>>(values + j);
  float total = sum_of<kLanes>(sums);
  for (; j < count; ++j) total += values[j];
  return total;
}

// Σ_j weight_j sign(value_j − here).
template <int kLanes>
inline float sum_by_side(const float* weights, const float* values, float here,
                         std::int64_t count) {
  Vector<kLanes> above = {}, below = {};
  const Vector<kLanes> nothing = {};
  std::int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const auto value = load<Vector<kLanes>>(values + j), weight = load<Vector<kLanes>>(weights + j);
    above += value > here ? weight : nothing;
    below += value < here ? weight : nothing;
  }
  float total = sum_of<kLanes>(above - below);
  for (; j < count; ++j) {
    if (values[j] > here) total += weights[j];
    if (values[j] < here) total -= weights[j];
  }
  return total;
}

// exp(−‖m_i − m_j‖₁) of all j into the buffer.
inline void neighbours_of(const LikenessRows& rows, std::int64_t i) {
  float* near = rows.buffer;
  for (std::int64_t j = 0; j < rows.count; ++j) near[j] = 0.0F;
  for (std::int64_t c = 0; c < rows.dimensions; ++c) {
    const float* row = rows.m + c * rows.count;
    const float here = row[i];
#pragma GCC ivdep
    for (std::int64_t j = 0; j < rows.count; ++j) near[j] += __builtin_fabsf(row[j] - here);
  }
#pragma GCC ivdep
  for (std::int64_t j = 0; j < rows.count; ++j) near[j] = exponential(-near[j]);
}

template <int kLanes>
void forward(const LikenessRows& rows, float* likeness) {
  for (std::int64_t i = 0; i < rows.count; ++i) {
    neighbours_of(rows, i);
    likeness[i] = sum_of<kLanes>(rows.buffer, rows.count);
  }
}

// ∂L/∂m_ic = −Σ_j (g_i + g_j) exp(−‖m_i − m_j‖₁) sign(m_ic − m_jc): e_ij stands in o(i) and o(j).
template <int kLanes>
void backward(const LikenessRows& rows, const float* by_likeness, float* by_m) {
  float* weights = rows.buffer;
  for (std::int64_t i = 0; i < rows.count; ++i) {
    neighbours_of(rows, i);
    const float own = by_likeness[i];
#pragma GCC ivdep
    for (std::int64_t j = 0; j < rows.count; ++j) weights[j] *= own + by_likeness[j];
    for (std::int64_t c = 0; c < rows.dimensions; ++c) {
      const float* row = rows.m + c * rows.count;
      by_m[c * rows.count + i] = sum_by_side<kLanes>(weights, row, row[i], rows.count);
    }
  }
}

template <int kLanes>
constexpr LikenessKernels kLikeness = {.forward = forward<kLanes>, .backward = backward<kLanes>};

}  // namespace
}  // namespace assay
