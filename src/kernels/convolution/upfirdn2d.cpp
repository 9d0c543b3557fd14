// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/upfirdn2d.h"

#include <ATen/ATen.h>

namespace assay {
namespace {

void check_arguments(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  TORCH_CHECK(x.dim() == 4, "upfirdn2d: x is [N,C,H,W], not ", x.sizes());
  TORCH_CHECK(filter.dim() == 2 && filter.numel() > 0, "upfirdn2d: the filter is [rows,columns], ",
              "not ", filter.sizes());
  TORCH_CHECK(options.up >= 1 && options.down >= 1, "upfirdn2d: up and down are at least 1, not ",
              options.up, " and ", options.down);
  const auto& pads = options.padding;
  TORCH_CHECK(options.up * x.size(2) + pads[2] + pads[3] >= filter.size(0) &&
                  options.up * x.size(3) + pads[0] + pads[1] >= filter.size(1),
              "upfirdn2d: an image of ", x.sizes(), ", upsampled ", options.up,
              " times and padded ", at::IntArrayRef(pads), ", is smaller than the filter of ",
              filter.sizes());
}

// up − 1 zeros after each pixel and each row.
at::Tensor zeros_inserted(const at::Tensor& x, std::int64_t up) {
  if (up == 1) return x;
  const auto n = x.size(0), c = x.size(1), rows = x.size(2), columns = x.size(3);
  return at::constant_pad_nd(x.reshape({n, c, rows, 1, columns, 1}), {0, up - 1, 0, 0, 0, up - 1})
      .reshape({n, c, rows * up, columns * up});
}

}  // namespace

at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  check_arguments(x, filter, options);
  const auto padded = at::constant_pad_nd(zeros_inserted(x, options.up), options.padding);
  // One image of one channel each: conv2d sums the filter over channels.
  const auto images = padded.reshape({-1, 1, padded.size(2), padded.size(3)});
  const auto weight = (filter.detach().to(x.options()) * options.gain).flip({0, 1});
  const auto y = at::conv2d(images, weight.unsqueeze(0).unsqueeze(0), {}, options.down);
  return y.reshape({x.size(0), x.size(1), y.size(2), y.size(3)});
}

at::Tensor binomial_filter() {
  const auto taps = at::tensor({1.0F, 3.0F, 3.0F, 1.0F});
  return at::outer(taps, taps) / 64.0F;
}

}  // namespace assay
