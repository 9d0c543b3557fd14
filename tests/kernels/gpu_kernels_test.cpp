// SPDX-License-Identifier: Apache-2.0
// Operators with kernels for a GPU. Without one every test is skipped, aloud.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "kernels/convolution/upfirdn2d.h"
#include "kernels/pointwise/bias_activation.h"
#include "tests/kernels/second_difference.h"

namespace assay {
namespace {

class GpuOperators : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA() || at::getNumGPUs() == 0) {
      GTEST_SKIP() << "no GPU, or not built with ASSAY_PRESET=cuda";
    }
  }

  static at::Tensor drawn(at::IntArrayRef sizes, std::uint64_t seed) {
    auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
    generator.set_current_seed(seed);
    return at::randn(sizes, generator, at::kDouble);
  }
  static at::Tensor on_gpu(const at::Tensor& t) { return t.to(at::Device(at::kCUDA, 0)); }
  static double difference(const at::Tensor& gpu, const at::Tensor& cpu) {
    return (gpu.cpu().to(at::kDouble) - cpu).abs().max().item<double>();
  }
};

const std::vector<UpFirDn> kOptions = {kUpsampleBy2,
                                       kDownsampleBy2,
                                       kBlurAfterTransposed3x3,
                                       kBlurBeforeStrided3x3,
                                       {.up = 2, .down = 3, .padding = {0, 4, 3, -1}, .gain = 2.0},
                                       {.up = 3, .down = 2, .padding = {-2, 1, 0, 5}, .gain = 1.5}};

TEST_F(GpuOperators, FilterAsTheCpuDoesInEitherOrder) {
  const auto filter = drawn({4, 3}, 2);
  for (const auto order : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto x = drawn({3, 19, 8, 9}, 1).contiguous(order);
    for (const UpFirDn& options : kOptions) {
      const auto exact = upfirdn2d(x, filter, options);
      EXPECT_LT(difference(upfirdn2d(on_gpu(x), filter, options), exact), 1e-12);
      EXPECT_LT(difference(upfirdn2d(on_gpu(x).to(at::kFloat), filter, options), exact), 2e-5);
    }
  }
}

TEST_F(GpuOperators, FilterWithTheDerivativesOfFiniteDifferences) {
  const auto filter = drawn({4, 3}, 2);
  for (const UpFirDn& options : kOptions) {
    const auto of = [&](const std::vector<at::Tensor>& t) {
      return upfirdn2d(t[0], filter, options);
    };
    expect_first_and_second_differences(of, {on_gpu(drawn({2, 3, 7, 8}, 1))});
  }
}

TEST_F(GpuOperators, ActivateAsTheCpuDoesInEitherOrder) {
  const auto bias = drawn({19}, 2);
  for (const auto order : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto x = drawn({3, 19, 8, 9}, 1).contiguous(order);
    for (const auto activation : {Activation::kLinear, Activation::kLeakyRelu}) {
      const auto exact = bias_activation(x, bias, activation, 1.3);
      EXPECT_LT(difference(bias_activation(on_gpu(x), on_gpu(bias), activation, 1.3), exact),
                1e-14);
      const auto f32 =
          bias_activation(on_gpu(x).to(at::kFloat), on_gpu(bias).to(at::kFloat), activation, 1.3);
      EXPECT_LT(difference(f32, exact), 2e-6);
    }
  }
}

TEST_F(GpuOperators, ActivateWithTheDerivativesOfFiniteDifferences) {
  for (const std::vector<std::int64_t>& sizes :
       {std::vector<std::int64_t>{4, 3}, {2, 5, 3, 4}, {2, 300, 2, 2}}) {
    const auto of = [&](const std::vector<at::Tensor>& t) {
      return bias_activation(t[0], t[1], Activation::kLeakyRelu, 1.3).sin();
    };
    const auto x = on_gpu(drawn(sizes, 3)), bias = on_gpu(drawn({sizes[1]}, 4));
    expect_first_and_second_differences(of, {x, bias});
    if (x.dim() == 4) {
      expect_first_and_second_differences(of, {x.contiguous(at::MemoryFormat::ChannelsLast), bias});
    }
  }
}

}  // namespace
}  // namespace assay
