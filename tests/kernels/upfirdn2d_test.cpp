// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/upfirdn2d.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "kernels/convolution/upfirdn2d_kernels.h"
#include "tests/kernels/second_difference.h"
#include "tests/kernels/vector_unit_test.h"

namespace assay {
namespace {

at::Generator seeded() {
  auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(5);
  return generator;
}

// One number of the result by its definition: of the upsampled, padded image u, of which only every
// up-th pixel of x is not 0, Σ_{ij} filter[i, j] · u[down·row + rows−1−i, down·column +
// columns−1−j].
double by_definition(const at::Tensor& image, const at::Tensor& filter, const UpFirDn& o,
                     std::int64_t row, std::int64_t column) {
  const auto x = image.accessor<double, 2>(), f = filter.accessor<double, 2>();
  double sum = 0.0;
  for (std::int64_t i = 0; i < f.size(0); ++i) {
    for (std::int64_t j = 0; j < f.size(1); ++j) {
      const auto up_row = o.down * row + f.size(0) - 1 - i - o.padding[2];
      const auto up_column = o.down * column + f.size(1) - 1 - j - o.padding[0];
      if (up_row < 0 || up_column < 0 || up_row % o.up != 0 || up_column % o.up != 0) continue;
      if (up_row / o.up >= x.size(0) || up_column / o.up >= x.size(1)) continue;
      sum += f[i][j] * x[up_row / o.up][up_column / o.up];
    }
  }
  return o.gain * sum;
}

struct Case {
  std::int64_t rows, columns, filter_rows, filter_columns;
  UpFirDn options;
};

// The four of StyleGAN2; then every pad different, crops, filters that are not square, both
// factors.
const std::vector<Case> kCases = {
    {6, 8, 4, 4, kUpsampleBy2},
    {8, 6, 4, 4, kDownsampleBy2},
    {9, 7, 4, 4, kBlurAfterTransposed3x3},
    {8, 6, 4, 4, kBlurBeforeStrided3x3},
    {5, 7, 3, 2, {.up = 1, .down = 1, .padding = {3, 0, 1, 2}, .gain = -0.5}},
    {5, 7, 2, 5, {.up = 2, .down = 3, .padding = {0, 4, 3, 1}, .gain = 2.0}},
    {9, 8, 3, 3, {.up = 1, .down = 2, .padding = {-1, -2, 3, -3}, .gain = 1.0}},
    {4, 5, 1, 6, {.up = 3, .down = 2, .padding = {-2, 1, 0, -1}, .gain = 1.5}},
    {1, 1, 1, 1, {}},
};

// Channels that fill no vector, planes of some, and whole and ragged vectors beside each other.
const std::vector<std::pair<std::int64_t, at::MemoryFormat>> kOrders = {
    {3, at::MemoryFormat::Contiguous},
    {19, at::MemoryFormat::Contiguous},
    {87, at::MemoryFormat::ChannelsLast}};

class UpFirDn2d : public testing::TestWithParam<std::size_t> {
 protected:
  const Case& c() const { return kCases[GetParam()]; }
  at::Tensor x(std::int64_t channels = 3) const {
    return at::randn({2, channels, c().rows, c().columns}, seeded(), at::kDouble);
  }
  at::Tensor filter() const {
    return at::randn({c().filter_rows, c().filter_columns}, seeded(), at::kDouble) / 3.0;
  }
};

at::Tensor by_definition(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& o) {
  const auto size = [](std::int64_t upsampled, std::int64_t taps, std::int64_t down) {
    return (upsampled - taps) / down + 1;
  };
  const auto& pads = o.padding;
  auto y = at::empty(
      {x.size(0), x.size(1), size(o.up * x.size(2) + pads[2] + pads[3], filter.size(0), o.down),
       size(o.up * x.size(3) + pads[0] + pads[1], filter.size(1), o.down)},
      x.options());
  auto to = y.accessor<double, 4>();
  for (std::int64_t n = 0; n < y.size(0); ++n) {
    for (std::int64_t c = 0; c < y.size(1); ++c) {
      for (std::int64_t row = 0; row < y.size(2); ++row) {
        for (std::int64_t column = 0; column < y.size(3); ++column) {
          to[n][c][row][column] = by_definition(x[n][c], filter, o, row, column);
        }
      }
    }
  }
  return y;
}

TEST_P(UpFirDn2d, IsItsDefinition) {
  for (const auto& [channels, order] : kOrders) {
    const auto images = x(channels), taps = filter();
    const auto exact = by_definition(images, taps, c().options);
    const auto y = upfirdn2d(images.contiguous(order), taps, c().options);
    ASSERT_EQ(y.sizes(), exact.sizes());
    EXPECT_LT((y - exact).abs().max().item<double>(), 1e-12) << channels;
    // Up to 16 products of numbers about 1, each rounded once.
    const auto narrow = upfirdn2d(images.to(at::kFloat).contiguous(order), taps, c().options);
    ASSERT_EQ(narrow.scalar_type(), at::kFloat);
    EXPECT_LT((narrow - exact).abs().max().item<double>(), 1e-5) << channels;
  }
}

TEST_P(UpFirDn2d, HasTheDerivativesOfFiniteDifferences) {
  const auto taps = filter();
  const auto of = [&](const std::vector<at::Tensor>& inputs) {
    return upfirdn2d(inputs[0], taps, c().options);
  };
  for (const auto& [channels, order] : kOrders) {
    expect_first_and_second_differences(of, {x(channels).contiguous(order)});
  }
}

// Without vectors, on other devices and in other types: the same numbers by LibTorch's operators.
TEST_P(UpFirDn2d, IsTheSameInHalfPrecision) {
  const auto images = x().to(at::kBFloat16), taps = filter();
  const auto exact =
      by_definition(images.to(at::kDouble), taps.to(at::kBFloat16).to(at::kDouble), c().options);
  const auto y = upfirdn2d(images, taps, c().options);
  ASSERT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT((y.to(at::kDouble) - exact).abs().max().item<double>(),
            0.02 * (1.0 + exact.abs().max().item<double>()));
}

INSTANTIATE_TEST_SUITE_P(Cases, UpFirDn2d, testing::Range<std::size_t>(0, kCases.size()));

// A constant image of 1 under a filter of sum 1: 1 wherever no tap reaches a pad.
TEST(UpFirDn2dOfStyleGan2, LeavesAConstantConstantInside) {
  const auto f = binomial_filter();
  EXPECT_EQ(f.sum().item<float>(), 1.0F);
  EXPECT_EQ(f[0][1].item<float>(), 3.0F / 64.0F);
  const auto ones = at::ones({1, 2, 8, 8});
  const auto up = upfirdn2d(ones, f, kUpsampleBy2);
  ASSERT_EQ(up.sizes(), (std::vector<std::int64_t>{1, 2, 16, 16}));
  EXPECT_TRUE(up.slice(2, 1, 15).slice(3, 1, 15).equal(at::ones({1, 2, 14, 14})));
  const auto down = upfirdn2d(ones, f, kDownsampleBy2);
  ASSERT_EQ(down.sizes(), (std::vector<std::int64_t>{1, 2, 4, 4}));
  EXPECT_TRUE(down.slice(2, 1, 3).slice(3, 1, 3).equal(at::ones({1, 2, 2, 2})));
  // Three of the four taps (1, 3, 3, 1)/8 of the first row and column lie inside: (7/8)².
  EXPECT_EQ(down[0][0][0][0].item<float>(), 49.0F / 64.0F);
}

// Left, right, top, bottom: one pixel and one tap show where each pad went.
TEST(UpFirDn2dPads, AreLeftRightTopBottom) {
  const auto y = upfirdn2d(at::ones({1, 1, 1, 1}), at::ones({1, 1}), {.padding = {1, 2, 3, 4}});
  ASSERT_EQ(y.sizes(), (std::vector<std::int64_t>{1, 1, 8, 4}));
  EXPECT_EQ(y[0][0][3][1].item<float>(), 1.0F);
  EXPECT_EQ(y.sum().item<float>(), 1.0F);
}

// The loops of every unit, also of those that are not chosen here.
class UpFirDnLoopsOf : public VectorUnitTest {};

template <class T>
void expect_loops_by_definition(const UpFirDnKernels<T>& loops, at::ScalarType type, double bound) {
  const auto x = at::randn({37, 5, 6}, seeded(), at::kDouble);
  const auto filter = at::randn({3, 4}, seeded(), at::kDouble);
  const UpFirDn o = {.up = 2, .down = 1, .padding = {1, 2, 2, -1}};
  const auto exact = by_definition(x.unsqueeze(0), filter, o)[0];
  const UpFirDnShape shape = {.rows = 5,
                              .columns = 6,
                              .channels = 37,
                              .out_rows = exact.size(1),
                              .out_columns = exact.size(2),
                              .filter_rows = 3,
                              .filter_columns = 4,
                              .up = 2,
                              .down = 1,
                              .left = 1,
                              .top = 2};
  const auto from = x.permute({1, 2, 0}).to(type).contiguous(), taps = filter.to(type);
  auto y = at::empty({exact.size(1), exact.size(2), 37}, type);
  for (std::int64_t row = 0; row < exact.size(1); ++row) {
    loops.row(shape, taps.const_data_ptr<T>(), from.const_data_ptr<T>(), y.data_ptr<T>(), row);
  }
  EXPECT_LT((y.permute({2, 0, 1}) - exact).abs().max().item<double>(), bound);
}

TEST_P(UpFirDnLoopsOf, AreTheDefinition) {
  ASSERT_NE(upfirdn2d_kernels<float>(GetParam()), nullptr);
  expect_loops_by_definition<float>(*upfirdn2d_kernels<float>(GetParam()), at::kFloat, 1e-5);
  expect_loops_by_definition<double>(*upfirdn2d_kernels<double>(GetParam()), at::kDouble, 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Units, UpFirDnLoopsOf, vector_units(), unit_name);

TEST(UpFirDn2dThreads, LeaveTheBitsAlone) {
  const int before = at::get_num_threads();
  const auto x = at::randn({3, 32, 9, 7}, seeded()).contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<at::Tensor> results;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    results.push_back(upfirdn2d(x, binomial_filter(), kUpsampleBy2));
    EXPECT_TRUE(results.back().equal(results.front())) << threads;
  }
  at::set_num_threads(before);
}

TEST(UpFirDn2dArguments, AreChecked) {
  const auto f = binomial_filter();
  EXPECT_THROW(upfirdn2d(at::ones({3, 8, 8}), f, {}), c10::Error);
  EXPECT_THROW(upfirdn2d(at::ones({1, 3, 8, 8}), at::ones({4}), {}), c10::Error);
  EXPECT_THROW(upfirdn2d(at::ones({1, 3, 8, 8}), f, {.up = 0}), c10::Error);
  EXPECT_THROW(upfirdn2d(at::ones({1, 3, 3, 8}), f, {}), c10::Error) << "three rows, four taps";
}

}  // namespace
}  // namespace assay
