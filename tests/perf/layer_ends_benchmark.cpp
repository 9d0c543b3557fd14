// SPDX-License-Identifier: Apache-2.0
// What ends StyleGAN2's layers (kernels/convolution/upfirdn2d.h,
// kernels/pointwise/bias_activation.h) beside LibTorch's own operators, as its authors have them
// for a CPU: zeros, pads and a convolution of each channel; addition, leaky ReLU and product. One
// thread; see ci/perf --benchmark layer_ends.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "kernels/convolution/upfirdn2d.h"
#include "kernels/pointwise/bias_activation.h"
#include "kernels/runtime/caching_allocator.h"

namespace assay::perf {
namespace {

constexpr std::int64_t kExamples = 32, kChannels = 64;
constexpr double kSlope = 0.2;

using Work = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& filter_or_bias)>;

at::Tensor channels_last(std::int64_t side) {
  return at::randn({kExamples, kChannels, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor by_convolution(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  auto wide = x;
  if (options.up > 1) {
    const auto n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3), zeros = options.up - 1;
    wide = at::constant_pad_nd(x.reshape({n, c, h, 1, w, 1}), {0, zeros, 0, 0, 0, zeros})
               .reshape({n, c, h * options.up, w * options.up});
  }
  const auto& p = options.padding;
  const auto of_each = (filter * options.gain).expand({x.size(1), 1, -1, -1});
  const at::IntArrayRef none = {0, 0}, each = {1, 1};
  return at::conv2d(at::constant_pad_nd(wide, p), of_each, std::nullopt,
                    {options.down, options.down}, none, each, x.size(1));
}

void add(const std::string& name, std::int64_t side, bool has_bias, const Work& work) {
  const auto arguments = [=] {
    return std::pair{channels_last(side), has_bias ? at::randn({kChannels}) : binomial_filter()};
  };
  const auto forward = [=](benchmark::State& state) {
    const at::NoGradGuard no_grad;
    const auto [x, other] = arguments();
    for (auto _ : state) benchmark::DoNotOptimize(work(x, other));
  };
  const auto both_ways = [=](benchmark::State& state) {
    auto [x, other] = arguments();
    x.requires_grad_();
    if (has_bias) other.requires_grad_();
    for (auto _ : state) {
      const auto y = work(x, other);
      if (has_bias) {
        torch::autograd::grad({y}, {x, other}, {at::ones_like(y)});
      } else {
        torch::autograd::grad({y}, {x}, {at::ones_like(y)});
      }
    }
  };
  const auto slash = name.rfind('/');
  benchmark::RegisterBenchmark((name.substr(0, slash) + "/forward" + name.substr(slash)).c_str(),
                               forward);
  benchmark::RegisterBenchmark((name.substr(0, slash) + "/both_ways" + name.substr(slash)).c_str(),
                               both_ways);
}

void add_filter(const std::string& name, std::int64_t side, const UpFirDn& options) {
  add("upfirdn2d/" + name + "/loops", side, false,
      [options](const at::Tensor& x, const at::Tensor& filter) {
        return upfirdn2d(x, filter, options);
      });
  add("upfirdn2d/" + name + "/libtorch", side, false,
      [options](const at::Tensor& x, const at::Tensor& filter) {
        return by_convolution(x, filter, options);
      });
}

void add_activation(std::int64_t side) {
  const auto name = "bias_activation/" + std::to_string(side);
  add(name + "/loops", side, true, [](const at::Tensor& x, const at::Tensor& bias) {
    return bias_activation(x, bias, Activation::kLeakyRelu);
  });
  add(name + "/libtorch", side, true, [](const at::Tensor& x, const at::Tensor& bias) {
    return at::leaky_relu(x + bias.view({1, -1, 1, 1}), kSlope) * std::sqrt(2.0);
  });
}

}  // namespace
}  // namespace assay::perf

int main(int argc, char** argv) {
  assay::install_caching_allocator();
  at::set_num_threads(1);
  assay::perf::add_filter("16_to_32", 16, assay::kUpsampleBy2);
  assay::perf::add_filter("32_to_16", 32, assay::kDownsampleBy2);
  assay::perf::add_filter("33_to_32", 33, assay::kBlurAfterTransposed3x3);
  assay::perf::add_activation(32);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
