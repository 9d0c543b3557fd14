// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions that the compiler can turn into vectors. Included only by files compiled for one vector
// unit each: everything is internal to them.

#include <cstdint>

namespace assay {
namespace {

// eˣ to 2 units in the last place: 2ᵏ · p(x − k ln 2), p by Cephes' expf (Moshier 1992). Beyond ±87
// the value at ±87, where a sigmoid is 0 or 1 in f32.
inline float exponential(float x) {
  x = x > 87.0F ? 87.0F : (x < -87.0F ? -87.0F : x);
  const float k = __builtin_floorf(x * 1.44269504088896341F + 0.5F);
  float r = x - k * 0.693359375F;
  r += k * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const std::int32_t bits = (static_cast<std::int32_t>(k) + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, sizeof power);
  return p * power;
}

inline float sigmoid(float x) { return 1.0F / (1.0F + exponential(-x)); }

// log(1 + e) for e in [0, 1]: 2 artanh(z), z = e / (2 + e) <= 1/3, by its series to z¹¹ (error
// 2e-8).
inline float log_one_plus(float e) {
  const float z = e / (2.0F + e), square = z * z;
  float p = 1.0F / 11.0F;
  p = p * square + 1.0F / 9.0F;
  p = p * square + 1.0F / 7.0F;
  p = p * square + 1.0F / 5.0F;
  p = p * square + 1.0F / 3.0F;
  return 2.0F * z * (1.0F + square * p);
}

}  // namespace
}  // namespace assay
