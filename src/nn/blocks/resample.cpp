// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/resample.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numeric>

namespace assay {
namespace {

// f ⊗ f for each of x's channels, [C,1,L,L].
at::Tensor depthwise(const ResampleFilter& filter, const at::Tensor& x) {
  const auto misfit = filter_misfit(filter);
  TORCH_CHECK(misfit.empty(), misfit);
  const auto taps = at::tensor(filter, x.options());
  const auto kernel = at::outer(taps, taps) / taps.sum().square();
  const auto length = static_cast<std::int64_t>(filter.size());
  return kernel.expand({x.size(1), 1, length, length});
}

std::int64_t padding(const ResampleFilter& filter) {
  return static_cast<std::int64_t>(filter.size()) / 2 - 1;
}

at::Tensor filtered(const at::Tensor& x, const ResampleFilter& filter, std::int64_t stride,
                    std::int64_t padded) {
  return at::conv2d(x, depthwise(filter, x), {}, stride, padded, /*dilation=*/1,
                    /*groups=*/x.size(1));
}

}  // namespace

std::string filter_misfit(const ResampleFilter& filter) {
  if (filter.empty() || filter.size() % 2 != 0) {
    return fmt::format("the resampling filter has {} taps, it must have an even number of them",
                       filter.size());
  }
  if (std::accumulate(filter.begin(), filter.end(), std::int64_t{0}) <= 0) {
    return "the taps of the resampling filter must have a positive sum";
  }
  return {};
}

at::Tensor resampled(const at::Tensor& x, Resampling how, const ResampleFilter& filter) {
  if (how == Resampling::kNone) return x;
  if (filter == ResampleFilter{1, 1}) {
    return how == Resampling::kHalve ? at::avg_pool2d(x, 2)
                                     : at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  }
  if (how == Resampling::kHalve) return filtered(x, filter, /*stride=*/2, padding(filter));
  return at::conv_transpose2d(x, 4.0 * depthwise(filter, x), {}, /*stride=*/2, padding(filter),
                              /*output_padding=*/0, /*groups=*/x.size(1));
}

at::Tensor blurred(const at::Tensor& x, const ResampleFilter& filter) {
  return filtered(x, filter, /*stride=*/1, padding(filter) + 1);
}

}  // namespace assay
