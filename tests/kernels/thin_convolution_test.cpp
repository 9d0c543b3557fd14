// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/thin_convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "tests/kernels/direct_sum.h"

namespace assay {
namespace {

std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }

// Two images of 3×11 pixels of 32 channels: more than a block of pixels in a row, and a rest.
struct Problem {
  ThinShape shape;
  std::vector<float> padded, many, filter;

  Problem(std::int64_t few, std::int64_t stride)
      : shape{.images = 2, .rows = 3, .columns = 11, .few = few, .many = 32, .stride = stride},
        padded(drawn(2 * height() * width() * few, 1)),
        many(drawn(std::int64_t{2} * 3 * 11 * 32, 2)),
        filter(drawn(shape.taps() * shape.taps() * few * 32, 3)) {
    for (std::int64_t i = 0; i < std::ssize(padded); ++i) {
      if (is_border(i)) padded[at(i)] = 0.0F;
    }
  }

  ThinArguments arguments(const float* bias = nullptr) {
    return {.f = padded.data(), .w = filter.data(), .m = many.data(), .bias = bias};
  }
  std::int64_t height() const { return shape.stride * shape.rows + 2; }
  std::int64_t width() const { return shape.stride * shape.columns + 2; }
  bool is_border(std::int64_t place) const {
    const std::int64_t column = place / shape.few % width();
    const std::int64_t row = place / shape.few / width() % height();
    return row == 0 || row == height() - 1 || column == 0 || column == width() - 1;
  }

  // Calls visit(f, w, m) with the places of each product of T, f in the padded image.
  template <class Visit>
  void each_product(Visit visit) const {
    const ThinShape& s = shape;
    for (std::int64_t n = 0; n < s.images; ++n)
      for (std::int64_t i = 0; i < s.rows; ++i)
        for (std::int64_t j = 0; j < s.columns; ++j)
          for (std::int64_t u = 0; u < s.taps(); ++u)
            for (std::int64_t v = 0; v < s.taps(); ++v)
              for (std::int64_t c = 0; c < s.few; ++c)
                for (std::int64_t o = 0; o < s.many; ++o) {
                  const std::int64_t row = n * height() + s.stride * i + u;
                  visit(at((row * width() + s.stride * j + v) * s.few + c),
                        at(((u * s.taps() + v) * s.few + c) * s.many + o),
                        at(((n * s.rows + i) * s.columns + j) * s.many + o));
                }
  }
};

// Sums of up to 300 products in f32.
constexpr double kTolerance = 1e-6;

using Parameters = std::tuple<VectorUnit, int, int>;  // few channels, stride

class ThinLoopsOf : public testing::TestWithParam<Parameters> {
 protected:
  void SetUp() override {
    const VectorUnit unit = std::get<0>(GetParam());
    if (static_cast<int>(unit) > static_cast<int>(vector_unit())) {
      GTEST_SKIP() << "this processor has no " << vector_unit_name(unit);
    }
    kernels_ = thin_kernels(unit);
    ASSERT_NE(kernels_, nullptr);
  }
  const ThinKernels* kernels_ = nullptr;
  Problem problem_{std::get<1>(GetParam()), std::get<2>(GetParam())};
};

TEST_P(ThinLoopsOf, ExpandAsTheDirectSum) {
  const auto bias = drawn(problem_.shape.many, 4);
  std::vector<double> exact(problem_.many.size());
  for (std::size_t i = 0; i < exact.size(); ++i) exact[i] = static_cast<double>(bias[i % 32]);
  problem_.each_product([&](std::size_t f, std::size_t w, std::size_t m) {
    exact[m] += static_cast<double>(problem_.padded[f]) * problem_.filter[w];
  });
  problem_.many.assign(problem_.many.size(), NAN);
  for (std::int64_t n = 0; n < problem_.shape.images; ++n) {
    kernels_->expand(problem_.shape, problem_.arguments(bias.data()), n);
  }
  expect_close(problem_.many, exact, kTolerance);
}

TEST_P(ThinLoopsOf, ContractAsTheDirectSum) {
  std::vector<double> with_border(problem_.padded.size(), 0.0), exact;
  problem_.each_product([&](std::size_t f, std::size_t w, std::size_t m) {
    with_border[f] += static_cast<double>(problem_.many[m]) * problem_.filter[w];
  });
  for (std::size_t i = 0; i < with_border.size(); ++i) {
    if (!problem_.is_border(static_cast<std::int64_t>(i))) exact.push_back(with_border[i]);
  }
  std::vector<float> found(exact.size(), NAN);
  auto arguments = problem_.arguments();
  arguments.f = found.data();
  for (std::int64_t n = 0; n < problem_.shape.images; ++n) {
    kernels_->contract(problem_.shape, arguments, n);
  }
  expect_close(found, exact, kTolerance);
}

TEST_P(ThinLoopsOf, GiveTheFilterTheGradientOfTheDirectSum) {
  std::vector<double> exact(problem_.filter.size(), 0.0);
  problem_.each_product([&](std::size_t f, std::size_t w, std::size_t m) {
    exact[w] += static_cast<double>(problem_.padded[f]) * problem_.many[m];
  });
  problem_.filter.assign(exact.size(), NAN);
  for (std::int64_t c = 0; c < problem_.shape.many; c += kManyChannels) {
    kernels_->filter_gradient(problem_.shape, problem_.arguments(), c);
  }
  expect_close(problem_.filter, exact, kTolerance);
}

std::string case_name(const testing::TestParamInfo<Parameters>& info) {
  const auto [unit, few, stride] = info.param;
  return std::string(vector_unit_name(unit)) + "_" + std::to_string(few) + "_of_stride_" +
         std::to_string(stride);
}

INSTANTIATE_TEST_SUITE_P(All, ThinLoopsOf,
                         testing::Combine(testing::Values(VectorUnit::kAvx2, VectorUnit::kAvx512),
                                          testing::Values(1, 2, 3, 4), testing::Values(1, 2)),
                         case_name);

TEST(ThinLoops, AreNoneWithoutAVectorUnit) { EXPECT_EQ(thin_kernels(VectorUnit::kNone), nullptr); }

}  // namespace
}  // namespace assay
