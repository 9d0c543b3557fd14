// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/convolution.h"

#include <array>
#include <variant>

#include "kernels/convolution/convolution.h"

namespace assay {

ConvolutionOptions plain_options(const torch::nn::detail::ConvNdOptions<2>& options) {
  const auto& padding = *std::get<torch::ExpandingArray<2>>(options.padding());
  const auto& stride = *options.stride();
  TORCH_CHECK(options.groups() == 1 && *options.dilation() == *torch::ExpandingArray<2>(1) &&
                  padding[0] == padding[1] && stride[0] == stride[1] &&
                  std::holds_alternative<torch::enumtype::kZeros>(options.padding_mode()),
              "a convolution of one group, no dilation and equal sides is needed");
  return {stride[0], padding[0]};
}

ConvolutionImpl::ConvolutionImpl(const torch::nn::Conv2dOptions& settings)
    : torch::nn::Conv2dImpl(settings) {
  plain_options(options);
}

torch::Tensor ConvolutionImpl::forward(const torch::Tensor& x) {
  return convolution(x, weight, bias, plain_options(options));
}

TransposedConvolutionImpl::TransposedConvolutionImpl(
    const torch::nn::ConvTranspose2dOptions& settings)
    : torch::nn::ConvTranspose2dImpl(settings) {
  TORCH_CHECK(*options.output_padding() == *torch::ExpandingArray<2>(0), "no output padding here");
  plain_options(options);
}

torch::Tensor TransposedConvolutionImpl::forward(const torch::Tensor& y) {
  return transposed_convolution(y, weight, bias, plain_options(options));
}

Convolution conv3x3(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return Convolution(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1));
}

}  // namespace assay
