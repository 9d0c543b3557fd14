// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one-dimensional transforms of winograd.h for any type with + − × and a stride between its
// values. Included only by files compiled for one vector unit each: everything is internal to them.

namespace assay {
namespace {

/// F(4,3), points 0, 1, −1, 2, −2, ∞ (Lavin & Gray 2016, section 4.3).
struct FourByThree {
  static constexpr int kPoints = 6;
  static constexpr int kTaps = 3;

  /// out = Bᵀ d, rows (4 0 −5 0 1 0), (0 −4 −4 1 1 0), (0 4 −4 −1 1 0), (0 −2 −1 2 1 0),
  /// (0 2 −1 −2 1 0), (0 4 0 −5 0 1).
  template <int kIn, int kOut, class V>
  static inline void input(const V* d, V* out) {
    const V even = d[4 * kIn] - 4.0F * d[2 * kIn], odd = d[3 * kIn] - 4.0F * d[kIn];
    const V even2 = d[4 * kIn] - d[2 * kIn], odd2 = 2.0F * (d[3 * kIn] - d[kIn]);
    out[0] = 4.0F * d[0] - 5.0F * d[2 * kIn] + d[4 * kIn];
    out[kOut] = even + odd;
    out[2 * kOut] = even - odd;
    out[3 * kOut] = even2 + odd2;
    out[4 * kOut] = even2 - odd2;
    out[5 * kOut] = 4.0F * d[kIn] - 5.0F * d[3 * kIn] + d[5 * kIn];
  }

  /// out = Aᵀ m, rows (1 1 1 1 1 0), (0 1 −1 2 −2 0), (0 1 1 4 4 0), (0 1 −1 8 −8 1).
  template <int kIn, int kOut, class V>
  static inline void output(const V* m, V* out) {
    const V sum = m[kIn] + m[2 * kIn], difference = m[kIn] - m[2 * kIn];
    const V sum2 = m[3 * kIn] + m[4 * kIn], difference2 = m[3 * kIn] - m[4 * kIn];
    out[0] = m[0] + sum + sum2;
    out[kOut] = difference + 2.0F * difference2;
    out[2 * kOut] = sum + 4.0F * sum2;
    out[3 * kOut] = difference + 8.0F * difference2 + m[5 * kIn];
  }

  /// out = A g.
  template <int kIn, int kOut, class V>
  static inline void output_gradient(const V* g, V* out) {
    const V even = g[0] + g[2 * kIn], odd = g[kIn] + g[3 * kIn];
    const V even2 = g[0] + 4.0F * g[2 * kIn], odd2 = 2.0F * g[kIn] + 8.0F * g[3 * kIn];
    out[0] = g[0];
    out[kOut] = even + odd;
    out[2 * kOut] = even - odd;
    out[3 * kOut] = even2 + odd2;
    out[4 * kOut] = even2 - odd2;
    out[5 * kOut] = g[3 * kIn];
  }

  /// out = G w, rows (1/4 0 0), −(1/6)(1 1 1), −(1/6)(1 −1 1), (1/24)(1 2 4), (1/24)(1 −2 4),
  /// (0 0 1).
  template <int kIn, int kOut, class V>
  static inline void weight(const V* w, V* out) {
    const V even = (w[0] + w[2 * kIn]) * (-1.0F / 6.0F), odd = w[kIn] * (-1.0F / 6.0F);
    const V even2 = w[0] * (1.0F / 24.0F) + w[2 * kIn] * (1.0F / 6.0F);
    const V odd2 = w[kIn] * (1.0F / 12.0F);
    out[0] = 0.25F * w[0];
    out[kOut] = even + odd;
    out[2 * kOut] = even - odd;
    out[3 * kOut] = even2 + odd2;
    out[4 * kOut] = even2 - odd2;
    out[5 * kOut] = w[2 * kIn];
  }

  /// out = Gᵀ m.
  template <int kIn, int kOut, class V>
  static inline void weight_gradient(const V* m, V* out) {
    const V sum = m[kIn] + m[2 * kIn], difference = m[kIn] - m[2 * kIn];
    const V sum2 = m[3 * kIn] + m[4 * kIn], difference2 = m[3 * kIn] - m[4 * kIn];
    out[0] = 0.25F * m[0] - (1.0F / 6.0F) * sum + (1.0F / 24.0F) * sum2;
    out[kOut] = (1.0F / 12.0F) * difference2 - (1.0F / 6.0F) * difference;
    out[2 * kOut] = (1.0F / 6.0F) * (sum2 - sum) + m[5 * kIn];
  }
};

/// F(4,2), points 0, 1, −1, 2, ∞ (the same construction, Lavin & Gray 2016, section 4.1).
struct FourByTwo {
  static constexpr int kPoints = 5;
  static constexpr int kTaps = 2;

  /// out = Bᵀ d, rows (2 −1 −2 1 0), (0 −2 −1 1 0), (0 2 −3 1 0), (0 −1 0 1 0), (0 2 −1 −2 1).
  template <int kIn, int kOut, class V>
  static inline void input(const V* d, V* out) {
    const V step = d[3 * kIn] - d[kIn];  // shared by all rows but one
    out[0] = 2.0F * (d[0] - d[2 * kIn]) + step;
    out[kOut] = step - d[kIn] - d[2 * kIn];
    out[2 * kOut] = step + 3.0F * (d[kIn] - d[2 * kIn]);
    out[3 * kOut] = step;
    out[4 * kOut] = d[4 * kIn] - d[2 * kIn] - 2.0F * step;
  }

  /// out = Aᵀ m, rows (1 1 1 1 0), (0 1 −1 2 0), (0 1 1 4 0), (0 1 −1 8 1).
  template <int kIn, int kOut, class V>
  static inline void output(const V* m, V* out) {
    const V sum = m[kIn] + m[2 * kIn], difference = m[kIn] - m[2 * kIn];
    out[0] = m[0] + sum + m[3 * kIn];
    out[kOut] = difference + 2.0F * m[3 * kIn];
    out[2 * kOut] = sum + 4.0F * m[3 * kIn];
    out[3 * kOut] = difference + 8.0F * m[3 * kIn] + m[4 * kIn];
  }

  /// out = A g.
  template <int kIn, int kOut, class V>
  static inline void output_gradient(const V* g, V* out) {
    const V even = g[0] + g[2 * kIn], odd = g[kIn] + g[3 * kIn];
    out[0] = g[0];
    out[kOut] = even + odd;
    out[2 * kOut] = even - odd;
    out[3 * kOut] = g[0] + 2.0F * g[kIn] + 4.0F * g[2 * kIn] + 8.0F * g[3 * kIn];
    out[4 * kOut] = g[3 * kIn];
  }

  /// out = G w, rows (1/2 0), −(1/2)(1 1), (1/6)(−1 1), (1/6)(1 2), (0 1).
  template <int kIn, int kOut, class V>
  static inline void weight(const V* w, V* out) {
    out[0] = 0.5F * w[0];
    out[kOut] = -0.5F * (w[0] + w[kIn]);
    out[2 * kOut] = (1.0F / 6.0F) * (w[kIn] - w[0]);
    out[3 * kOut] = (1.0F / 6.0F) * w[0] + (1.0F / 3.0F) * w[kIn];
    out[4 * kOut] = w[kIn];
  }

  /// out = Gᵀ m.
  template <int kIn, int kOut, class V>
  static inline void weight_gradient(const V* m, V* out) {
    out[0] = 0.5F * (m[0] - m[kIn]) + (1.0F / 6.0F) * (m[3 * kIn] - m[2 * kIn]);
    out[kOut] =
        (1.0F / 6.0F) * m[2 * kIn] - 0.5F * m[kIn] + (1.0F / 3.0F) * m[3 * kIn] + m[4 * kIn];
  }
};

}  // namespace
}  // namespace assay
