// SPDX-License-Identifier: Apache-2.0
#pragma once

// The loops of bernoulli_kernels.h. Included only by files compiled for one vector unit each:
// everything is internal to them.

#include "kernels/pointwise/bernoulli_kernels.h"
#include "kernels/pointwise/vector_math.h"

namespace assay {
namespace {

constexpr int kSums = 32;  // side by side, so that additions become vectors

float softplus(float logit) {
  const float positive = logit > 0.0F ? logit : 0.0F;
  const float magnitude = logit > 0.0F ? logit : -logit;
  return positive + log_one_plus(exponential(-magnitude));
}

float cross_entropy(float x, float logit) {
  const float positive = logit > 0.0F ? logit : 0.0F;
  const float magnitude = logit > 0.0F ? logit : -logit;
  return positive - logit * x + log_one_plus(exponential(-magnitude));
}

// Σ_i term(i).
template <class Term>
float sum_of(const Term& term, std::int64_t count) {
  alignas(64) float sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
#pragma GCC ivdep
    for (int k = 0; k < kSums; ++k) sums[k] += term(i + k);
  }
  double total = 0.0;
  for (const float part : sums) total += static_cast<double>(part);
  for (; i < count; ++i) total += static_cast<double>(term(i));
  return static_cast<float>(total);
}

float sum(const float* x, const float* logits, std::int64_t count) {
  return sum_of([&](std::int64_t i) { return cross_entropy(x[i], logits[i]); }, count);
}

void gradient(const float* x, const float* logits, std::int64_t count, float factor, float* out) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) out[i] = factor * (sigmoid(logits[i]) - x[i]);
}

float sum_of_all(bool x, const float* logits, std::int64_t count) {
  if (x) return sum_of([&](std::int64_t i) { return softplus(-logits[i]); }, count);
  return sum_of([&](std::int64_t i) { return softplus(logits[i]); }, count);
}

void gradient_of_all(bool x, const float* logits, std::int64_t count, float factor, float* out) {
  const float truth = x ? 1.0F : 0.0F;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) out[i] = factor * (sigmoid(logits[i]) - truth);
}

constexpr BernoulliKernels kBernoulli = {
    .sum = sum, .gradient = gradient, .sum_of_all = sum_of_all, .gradient_of_all = gradient_of_all};

}  // namespace
}  // namespace assay
