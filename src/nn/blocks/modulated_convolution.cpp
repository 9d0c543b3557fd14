// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/modulated_convolution.h"

#include <ATen/ATen.h>

#include "kernels/convolution/convolution.h"
#include "kernels/convolution/upfirdn2d.h"

namespace assay {
namespace {

constexpr double kSmall = 1e-8;  // the authors'

at::Tensor column(const at::Tensor& of_channels) { return of_channels.unsqueeze(-1).unsqueeze(-1); }

at::Tensor scaled(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& styles,
                  const ModulatedOptions& options) {
  const auto modulated = x * column(styles);
  const ConvolutionOptions plain{.stride = 1, .padding = weight.size(2) / 2};
  // The doubling one takes its weights as [I,O,k,k].
  auto y = options.doubles
               ? transposed_convolution(modulated, weight.transpose(0, 1), {}, {.stride = 2})
               : convolution(modulated, weight, {}, plain);
  if (!options.demodulate) return y;
  const auto power = styles.square().matmul(weight.square().sum({2, 3}).t());  // [N,O]
  return y * column((power + kSmall).rsqrt());
}

at::Tensor grouped(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& styles,
                   const ModulatedOptions& options) {
  const auto count = x.size(0), side = weight.size(2), out = weight.size(0), in = weight.size(1);
  auto of_examples = weight.unsqueeze(0) * column(styles.unsqueeze(1));  // [N,O,I,k,k]
  if (options.demodulate) {
    const auto power = of_examples.square().sum({2, 3, 4}, /*keepdim=*/true);
    of_examples = of_examples * (power + kSmall).rsqrt();
  }
  const auto one = x.reshape({1, count * in, x.size(2), x.size(3)});
  at::Tensor y;
  if (options.doubles) {
    const auto filters = of_examples.transpose(1, 2).reshape({count * in, out, side, side});
    y = at::conv_transpose2d(one, filters, {}, /*stride=*/2, /*padding=*/0, /*output_padding=*/0,
                             count);
  } else {
    const auto filters = of_examples.reshape({count * out, in, side, side});
    y = at::conv2d(one, filters, {}, /*stride=*/1, /*padding=*/side / 2, /*dilation=*/1, count);
  }
  return y.view({count, out, y.size(2), y.size(3)});
}

}  // namespace

at::Tensor modulated_convolution(const at::Tensor& x, const at::Tensor& weight,
                                 const at::Tensor& styles, const ModulatedOptions& options) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1) &&
                  weight.size(2) == weight.size(3) &&
                  (weight.size(2) == 3 || (weight.size(2) == 1 && !options.doubles)) &&
                  styles.sizes() == at::IntArrayRef({x.size(0), x.size(1)}),
              "a modulated convolution of x ", x.sizes(), " with weights ", weight.sizes(),
              " and styles ", styles.sizes(), options.doubles ? ", doubling" : "");
  const auto y = options.way == Modulation::kScaled ? scaled(x, weight, styles, options)
                                                    : grouped(x, weight, styles, options);
  return options.doubles ? upfirdn2d(y, binomial_filter(), kBlurAfterTransposed3x3) : y;
}

}  // namespace assay
