// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/rectifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/kernels/vector_unit_test.h"

namespace assay {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Enough numbers for whole vectors and a rest, with what is special at their ends.
std::vector<float> numbers() {
  std::vector<float> all = {-kInfinity, -2.0F, -0.0F, 0.0F, 3.0F, kInfinity};
  for (int i = 0; i < 37; ++i) all.push_back(0.5F * static_cast<float>(i - 18));
  return all;
}

class RectifierLoopsOf : public VectorUnitTest {
 protected:
  void SetUp() override {
    VectorUnitTest::SetUp();
    if (IsSkipped()) return;
    kernels_ = rectifier_kernels(GetParam());
    ASSERT_NE(kernels_, nullptr);
  }
  static std::int64_t count(const std::vector<float>& values) {
    return static_cast<std::int64_t>(values.size());
  }
  const RectifierKernels* kernels_ = nullptr;
};

TEST_P(RectifierLoopsOf, KeepWhatIsPositiveAndScaleTheRest) {
  for (const float slope : {0.0F, 0.2F}) {
    const auto x = numbers();
    auto y = x;
    kernels_->forward(slope, count(y), y.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float below = slope == 0.0F ? 0.0F : slope * x[i];
      EXPECT_EQ(y[i], x[i] > 0.0F ? x[i] : below) << x[i];
    }
  }
}

TEST_P(RectifierLoopsOf, PassGradientsOnWhereTheResultIsPositive) {
  for (const float slope : {0.0F, 0.2F}) {
    auto y = numbers();
    kernels_->forward(slope, count(y), y.data());
    std::vector<float> by_y(y.size()), by_x(y.size(), NAN);
    for (std::size_t i = 0; i < by_y.size(); ++i) by_y[i] = 1.0F + static_cast<float>(i);
    kernels_->backward(slope, count(y), y.data(), by_y.data(), by_x.data());
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(by_x[i], y[i] > 0.0F ? by_y[i] : slope * by_y[i]) << y[i];
    }
    kernels_->backward(slope, count(y), y.data(), by_y.data(), by_y.data());
    EXPECT_EQ(by_y, by_x) << "in place";
  }
}

TEST_P(RectifierLoopsOf, OfASlopeOfZeroLetNothingThroughButNaN) {
  const std::vector<float> y(20, 0.0F), none(20, NAN);
  for (const float by_y : {kInfinity, NAN}) {
    std::vector<float> gradient(y.size(), by_y);
    kernels_->backward(0.0F, count(y), y.data(), gradient.data(), gradient.data());
    EXPECT_EQ(gradient, y) << "0, not 0 times " << by_y;
  }
  std::vector<float> gradient(none.size(), 3.0F);
  kernels_->backward(0.0F, count(none), none.data(), gradient.data(), gradient.data());
  EXPECT_EQ(gradient, std::vector<float>(20, 3.0F));
}

TEST_P(RectifierLoopsOf, HideNoNumberThatIsNone) {
  for (const float slope : {0.0F, 0.2F}) {
    std::vector<float> y(20, NAN);
    kernels_->forward(slope, count(y), y.data());
    for (const float value : y) EXPECT_TRUE(std::isnan(value));
  }
}

INSTANTIATE_TEST_SUITE_P(Units, RectifierLoopsOf, vector_units(), unit_name);

TEST(Rectifier, HasNoLoopsWithoutAVectorUnit) {
  EXPECT_EQ(rectifier_kernels(VectorUnit::kNone), nullptr);
}

}  // namespace
}  // namespace assay
