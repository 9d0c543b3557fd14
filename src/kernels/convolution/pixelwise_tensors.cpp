// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/pixelwise_tensors.h"

#include <algorithm>

#include "kernels/convolution/channels_last.h"
#include "kernels/convolution/winograd.h"
#include "kernels/runtime/parallel.h"

namespace assay {
namespace {

// Pixels of a product: a block of inputs and outputs stays in the second-level cache. Of a sum over
// pixels: so many are added up before they join the total.
constexpr std::int64_t kProductBlock = 192, kSumBlock = 512;
// Totals of filter gradients, added up in order: the same for every number of threads.
constexpr std::int64_t kTotals = 8;

// The loops that multiply are the same for both sizes of filter.
const WinogradKernels* kernels() { return winograd_kernels(3, vector_unit()); }

std::int64_t pixels_of(const at::Tensor& images) {
  return images.size(0) * images.size(2) * images.size(3);
}

// One matrix of `width` columns.
Planes matrix(const at::Tensor& t, std::int64_t width) { return {t.data_ptr<float>(), 0, width}; }

// in [P,I] · weight [I,O], the weight packed as [O/16][I][16].
void multiply(const at::Tensor& in, const at::Tensor& packed, const at::Tensor& out) {
  const std::int64_t pixels = pixels_of(in);
  const Planes from = matrix(in, in.size(1)), to = matrix(out, out.size(1));
  const Planes weight = matrix(packed, out.size(1));
  const auto* loops = kernels();
  parallel_for((pixels + kProductBlock - 1) / kProductBlock, [&](std::int64_t index) {
    const std::int64_t begin = index * kProductBlock;
    const std::int64_t count = std::min(kProductBlock, pixels - begin);
    loops->multiply(from_row(from, begin), 0, count, weight, from_row(to, begin));
  });
}

// [O,I,1,1] to [O/16][I][16], or to [I/16][O][16].
at::Tensor packed(const at::Tensor& w) {
  return w.reshape({w.size(0) / kWinogradChannels, kWinogradChannels, w.size(1)})
      .transpose(1, 2)
      .contiguous();
}
at::Tensor packed_transposed(const at::Tensor& w) {
  return w.reshape({w.size(0), w.size(1) / kWinogradChannels, kWinogradChannels})
      .transpose(0, 1)
      .contiguous();
}

}  // namespace

bool pixelwise_suits(at::IntArrayRef x_sizes, std::int64_t out_channels) {
  const bool some = x_sizes[0] > 0 && x_sizes[1] > 0 && x_sizes[2] > 0 && x_sizes[3] > 0;
  return kernels() != nullptr && some && out_channels > 0 && x_sizes[1] % kWinogradChannels == 0 &&
         out_channels % kWinogradChannels == 0;
}

at::Tensor pixelwise_forward(FilterShape /*shape*/, const at::Tensor& x, const at::Tensor& w,
                             const at::Tensor& bias) {
  auto y = empty_channels_last({x.size(0), w.size(0), x.size(2), x.size(3)}, x);
  multiply(channels_last(x), packed(w), y);
  return bias.defined() ? y.add_(bias.view({1, -1, 1, 1})) : y;
}

at::Tensor pixelwise_transposed(FilterShape /*shape*/, const at::Tensor& y, const at::Tensor& w) {
  auto x = empty_channels_last({y.size(0), w.size(1), y.size(2), y.size(3)}, y);
  multiply(channels_last(y), packed_transposed(w), x);
  return x;
}

at::Tensor pixelwise_filter_gradient(FilterShape /*shape*/, const at::Tensor& x_in,
                                     const at::Tensor& y_in) {
  const auto x = channels_last(x_in), y = channels_last(y_in);
  const std::int64_t pixels = pixels_of(x), in = x.size(1), out = y.size(1);
  const std::int64_t share = (pixels + kTotals - 1) / kTotals;
  const auto totals = at::zeros({kTotals, in, out}, x.options());
  const auto sums = at::empty_like(totals);
  const Planes from = matrix(x, in), gradient = matrix(y, out);
  const Planes total = matrix(totals, out), sum = matrix(sums, out);
  const auto* loops = kernels();
  parallel_for(kTotals, [&](std::int64_t part) {
    const Planes to = from_row(total, part * in), block = from_row(sum, part * in);
    const std::int64_t end = std::min(pixels, (part + 1) * share);
    for (std::int64_t begin = part * share; begin < end; begin += kSumBlock) {
      loops->accumulate(from_row(from, begin), from_row(gradient, begin), 0,
                        std::min(kSumBlock, end - begin), /*add=*/false, block);
      for (std::int64_t i = 0; i < in * out; ++i) to.data[i] += block.data[i];
    }
  });
  return totals.sum(0).t().reshape({out, in, 1, 1});
}

}  // namespace assay
