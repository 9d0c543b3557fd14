// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of bernoulli_kernels.h. Included only by files compiled for one vector unit each:
// everything is internal to them.

#include "kernels/bernoulli_kernels.h"
#include "kernels/vector_math.h"

namespace assay {
namespace {

constexpr int kSums = 32;  // side by side, so that additions become vectors

float cross_entropy(float x, float logit) {
  const float positive = logit > 0.0F ? logit : 0.0F;
  const float magnitude = logit > 0.0F ? logit : -logit;
  return positive - logit * x + log_one_plus(exponential(-magnitude));
}

// pixel(i) is x_i.
template <class Pixel>
float sum_with(const Pixel& pixel, const float* logits, std::int64_t count) {
  alignas(64) float sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
#pragma GCC ivdep
    for (int k = 0; k < kSums; ++k) sums[k] += cross_entropy(pixel(i + k), logits[i + k]);
  }
  double total = 0.0;
  for (const float part : sums) total += static_cast<double>(part);
  for (; i < count; ++i) total += static_cast<double>(cross_entropy(pixel(i), logits[i]));
  return static_cast<float>(total);
}

template <class Pixel>
void gradient_with(const Pixel& pixel, const float* logits, std::int64_t count, float factor,
                   float* out) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) out[i] = factor * (sigmoid(logits[i]) - pixel(i));
}

float sum(const float* x, const float* logits, std::int64_t count) {
  return sum_with([&](std::int64_t i) { return x[i]; }, logits, count);
}

void gradient(const float* x, const float* logits, std::int64_t count, float factor, float* out) {
  gradient_with([&](std::int64_t i) { return x[i]; }, logits, count, factor, out);
}

float sum_of_all(float x, const float* logits, std::int64_t count) {
  return sum_with([&](std::int64_t) { return x; }, logits, count);
}

void gradient_of_all(float x, const float* logits, std::int64_t count, float factor, float* out) {
  gradient_with([&](std::int64_t) { return x; }, logits, count, factor, out);
}

constexpr BernoulliKernels kBernoulli = {
    .sum = sum, .gradient = gradient, .sum_of_all = sum_of_all, .gradient_of_all = gradient_of_all};

}  // namespace
}  // namespace assay
