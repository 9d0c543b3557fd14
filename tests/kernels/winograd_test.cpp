// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

#include "kernels/convolution/winograd_convolution.h"
#include "tests/kernels/direct_sum.h"

namespace assay {
namespace {

// Images, filters and gradients of a small convolution: 2 images of 6×9 outputs (ragged tiles), 48
// channels to 32, and in memory more pixels around them than the views let be seen.
constexpr std::int64_t kImages = 2, kRows = 6, kColumns = 9, kIn = 48, kOut = 32;

PixelView view(std::vector<float>& data, std::int64_t rows, std::int64_t columns,
               std::int64_t channels) {
  return {.data = data.data(),
          .image_stride = rows * columns * channels,
          .row_stride = columns * channels,
          .column_stride = channels,
          .row_begin = 0,
          .row_end = rows,
          .column_begin = 0,
          .column_end = columns};
}

struct Problem {
  std::int64_t taps;
  std::vector<float> x, w, y;

  explicit Problem(std::int64_t r)
      : taps(r),
        x(drawn(kImages * kRows * kColumns * kIn, 1)),
        w(drawn(r * r * kIn * kOut, 2)),
        y(drawn(kImages * kRows * kColumns * kOut, 3)) {}

  // Filters [O,I,r,r]; outputs beyond the last pixel read zeros.
  std::array<Phase, 1> phases() {
    return {
        Phase{view(x, kRows, kColumns, kIn), {w.data(), kIn * taps * taps, taps * taps, taps, 1}}};
  }
  TiledOutput output() { return {view(y, kRows, kColumns, kOut), kImages, kRows, kColumns, kOut}; }

  // Calls visit(x, w, y) with the places of each product of the direct sum.
  template <class Visit>
  void each_product(Visit visit) const {
    for (std::int64_t n = 0; n < kImages; ++n)
      for (std::int64_t i = 0; i < kRows; ++i)
        for (std::int64_t j = 0; j < kColumns; ++j)
          for (std::int64_t u = 0; u < taps && i + u < kRows; ++u)
            for (std::int64_t v = 0; v < taps && j + v < kColumns; ++v)
              for (std::int64_t c = 0; c < kIn; ++c)
                for (std::int64_t o = 0; o < kOut; ++o)
                  visit(((n * kRows + i + u) * kColumns + j + v) * kIn + c,
                        ((o * kIn + c) * taps + u) * taps + v,
                        ((n * kRows + i) * kColumns + j) * kOut + o);
  }
};

// F(4, r) in f32 rounds to 1e-5 of the largest.
constexpr double kTolerance = 2e-5;

class WinogradUnit : public testing::TestWithParam<std::tuple<int, VectorUnit>> {
 protected:
  void SetUp() override {
    const auto [taps, unit] = GetParam();
    if (static_cast<int>(unit) > static_cast<int>(vector_unit())) {
      GTEST_SKIP() << "this processor has no " << vector_unit_name(unit);
    }
    kernels_ = winograd_kernels(taps, unit);
    ASSERT_NE(kernels_, nullptr);
  }
  const WinogradKernels* kernels_ = nullptr;
  Problem problem_{std::get<0>(GetParam())};
};

TEST_P(WinogradUnit, CorrelatesAsTheDirectSum) {
  const auto bias = drawn(kOut, 4);
  std::vector<double> exact(problem_.y.size());
  for (std::size_t i = 0; i < exact.size(); ++i) exact[i] = static_cast<double>(bias[i % kOut]);
  problem_.each_product([&](std::int64_t x, std::int64_t w, std::int64_t y) {
    exact[static_cast<std::size_t>(y)] +=
        static_cast<double>(problem_.x[static_cast<std::size_t>(x)]) *
        problem_.w[static_cast<std::size_t>(w)];
  });
  winograd_correlate(*kernels_, problem_.phases(), kIn, bias.data(), problem_.output());
  expect_close(problem_.y, exact, kTolerance);
}

TEST_P(WinogradUnit, GivesTheFiltersTheGradientOfTheDirectSum) {
  std::vector<double> exact(problem_.w.size(), 0.0);
  problem_.each_product([&](std::int64_t x, std::int64_t w, std::int64_t y) {
    exact[static_cast<std::size_t>(w)] +=
        static_cast<double>(problem_.x[static_cast<std::size_t>(x)]) *
        problem_.y[static_cast<std::size_t>(y)];
  });
  winograd_filter_gradient(*kernels_, problem_.phases(), kIn, problem_.output());
  expect_close(problem_.w, exact, kTolerance);
}

TEST_P(WinogradUnit, WritesOnlyThePixelsOfTheView) {
  const std::vector<float> before = problem_.y;
  TiledOutput output = problem_.output();
  output.rows = output.pixels.row_end = 3;
  output.columns = output.pixels.column_end = 5;
  winograd_correlate(*kernels_, problem_.phases(), kIn, nullptr, output);
  for (std::int64_t i = 0; i < kImages * kRows * kColumns; ++i) {
    const bool inside = i / kColumns % kRows < 3 && i % kColumns < 5;
    const auto at = static_cast<std::size_t>(i * kOut);
    EXPECT_EQ(problem_.y[at] != before[at], inside) << i;
  }
}

std::string case_name(const testing::TestParamInfo<std::tuple<int, VectorUnit>>& param) {
  const auto [taps, unit] = param.param;
  return std::string(vector_unit_name(unit)) + "_" + std::to_string(taps);
}

INSTANTIATE_TEST_SUITE_P(All, WinogradUnit,
                         testing::Combine(testing::Values(2, 3),
                                          testing::Values(VectorUnit::kAvx2, VectorUnit::kAvx512)),
                         case_name);

TEST(VectorUnit, WithoutOneHasNoKernels) {
  EXPECT_EQ(winograd_kernels(3, VectorUnit::kNone), nullptr);
  EXPECT_EQ(vector_unit_name(VectorUnit::kNone), "none");
}

}  // namespace
}  // namespace assay
