// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/row_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/kernels/direct_sum.h"
#include "tests/kernels/vector_unit_test.h"

namespace assay {
namespace {

constexpr std::int64_t kRows = 37, kChannels = 32 + 8 + 3;
constexpr double kEpsilon = 1e-5, kTolerance = 1e-5;

// A layer with random numbers far from zero, and what it gives in f64.
struct Problem {
  std::vector<float> x = drawn(kRows * kChannels, 1), scale = drawn(kChannels, 2),
                     bias = drawn(kChannels, 3), by_y = drawn(kRows * kChannels, 4);
  std::vector<float> mean = empty(kChannels), inverse_sd = empty(kChannels);

  Problem() {
    for (float& value : x) value += 5.0F;
  }
  static std::vector<float> empty(std::int64_t count) {
    return std::vector<float>(static_cast<std::size_t>(count), NAN);
  }
  RowNorm norm() {
    return {.rows = kRows,
            .channels = kChannels,
            .x = x.data(),
            .scale = scale.data(),
            .bias = bias.data(),
            .mean = mean.data(),
            .inverse_sd = inverse_sd.data(),
            .epsilon = static_cast<float>(kEpsilon)};
  }

  static std::size_t at(std::int64_t row, std::int64_t c) {
    return static_cast<std::size_t>(row * kChannels + c);
  }
  double mean_of(std::int64_t c) const {
    double sum = 0.0;
    for (std::int64_t n = 0; n < kRows; ++n) sum += static_cast<double>(x[at(n, c)]);
    return sum / kRows;
  }
  double variance_of(std::int64_t c) const {
    double sum = 0.0;
    for (std::int64_t n = 0; n < kRows; ++n) {
      sum += std::pow(static_cast<double>(x[at(n, c)]) - mean_of(c), 2.0);
    }
    return sum / kRows;
  }
  double normalised(std::int64_t n, std::int64_t c) const {
    return (static_cast<double>(x[at(n, c)]) - mean_of(c)) / std::sqrt(variance_of(c) + kEpsilon);
  }
};

class RowNormLoopsOf : public VectorUnitTest {
 protected:
  void SetUp() override {
    VectorUnitTest::SetUp();
    if (IsSkipped()) return;
    kernels_ = row_norm_kernels(GetParam());
    ASSERT_NE(kernels_, nullptr);
  }
  const RowNormKernels* kernels_ = nullptr;
  Problem problem_;
};

TEST_P(RowNormLoopsOf, NormaliseAndMoveTheRunningStatistics) {
  std::vector<float> y = Problem::empty(kRows * kChannels), running_mean(kChannels, 1.0F),
                     running_variance(kChannels, 2.0F);
  kernels_->forward(
      problem_.norm(),
      {.mean = running_mean.data(), .variance = running_variance.data(), .momentum = 0.1F},
      y.data());
  std::vector<double> exact_y, exact_mean, exact_variance;
  for (std::int64_t n = 0; n < kRows; ++n) {
    for (std::int64_t c = 0; c < kChannels; ++c) {
      const auto k = static_cast<std::size_t>(c);
      exact_y.push_back(problem_.normalised(n, c) * problem_.scale[k] + problem_.bias[k]);
    }
  }
  for (std::int64_t c = 0; c < kChannels; ++c) {
    exact_mean.push_back(0.9 + 0.1 * problem_.mean_of(c));
    exact_variance.push_back(0.9 * 2.0 + 0.1 * problem_.variance_of(c) * kRows / (kRows - 1));
  }
  expect_close(y, exact_y, kTolerance);
  expect_close(running_mean, exact_mean, kTolerance);
  expect_close(running_variance, exact_variance, kTolerance);
}

// L = Σ g y: with u the normalised x, ∂L/∂scale = Σ g u, ∂L/∂bias = Σ g, and ∂L/∂x =
// scale/sd (g − mean(g) − u mean(g u)) (Ioffe & Szegedy 2015, section 3).
TEST_P(RowNormLoopsOf, HaveThePapersGradients) {
  std::vector<float> y = Problem::empty(kRows * kChannels), by_x = y,
                     by_scale = Problem::empty(kChannels), by_bias = by_scale, mean(kChannels),
                     variance(kChannels);
  kernels_->forward(problem_.norm(), {.mean = mean.data(), .variance = variance.data()}, y.data());
  kernels_->backward(problem_.norm(), {.y = problem_.by_y.data(),
                                       .x = by_x.data(),
                                       .scale = by_scale.data(),
                                       .bias = by_bias.data()});
  std::vector<double> exact_scale, exact_bias, exact_x(by_x.size());
  for (std::int64_t c = 0; c < kChannels; ++c) {
    double sum = 0.0, product = 0.0;
    for (std::int64_t n = 0; n < kRows; ++n) {
      sum += static_cast<double>(problem_.by_y[Problem::at(n, c)]);
      product += static_cast<double>(problem_.by_y[Problem::at(n, c)]) * problem_.normalised(n, c);
    }
    exact_bias.push_back(sum);
    exact_scale.push_back(product);
    const double slope = static_cast<double>(problem_.scale[static_cast<std::size_t>(c)]) /
                         std::sqrt(problem_.variance_of(c) + kEpsilon);
    for (std::int64_t n = 0; n < kRows; ++n) {
      const auto g = static_cast<double>(problem_.by_y[Problem::at(n, c)]);
      exact_x[Problem::at(n, c)] =
          slope * (g - sum / kRows - problem_.normalised(n, c) * product / kRows);
    }
  }
  expect_close(by_x, exact_x, kTolerance);
  expect_close(by_scale, exact_scale, kTolerance);
  expect_close(by_bias, exact_bias, kTolerance);
  std::vector<float> in_place = problem_.by_y;
  kernels_->backward(problem_.norm(), {.y = in_place.data(),
                                       .x = in_place.data(),
                                       .scale = by_scale.data(),
                                       .bias = by_bias.data()});
  EXPECT_EQ(in_place, by_x);
}

INSTANTIATE_TEST_SUITE_P(Units, RowNormLoopsOf, vector_units(), unit_name);

}  // namespace
}  // namespace assay
