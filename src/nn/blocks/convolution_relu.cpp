// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/convolution_relu.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string>

namespace assay {
namespace {

// LibTorch has no C++ function for these two operators of its graph compiler: they are called by
// name, with their arguments on a stack.
std::optional<c10::OperatorHandle> find_operator(const char* name) {
  if (!at::globalContext().userEnabledMkldnn()) return std::nullopt;
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

at::Tensor call(const c10::OperatorHandle& op, c10::Stack arguments) {
  op.callBoxed(arguments);
  return arguments.back().toTensor();
}

std::vector<std::int64_t> list(const Size2d& size) { return {size.begin(), size.end()}; }

const std::vector<std::int64_t> kNoDilation{1, 1};

}  // namespace

ConvolutionRelu::ConvolutionRelu(const at::Tensor& weight, const at::Tensor& bias,
                                 const ConvolutionShape& shape)
    : shape_(shape), bias_(bias) {
  TORCH_CHECK(weight.dim() == 4 && bias.dim() == 1 && bias.size(0) == weight.size(0),
              "ConvolutionRelu: weight ", weight.sizes(), " and bias ", bias.sizes());
  const auto reorder = find_operator("mkldnn::_reorder_convolution_weight");
  packed_ = reorder && weight.is_cpu() && weight.scalar_type() == at::kFloat &&
            find_operator("mkldnn::_convolution_pointwise");
  weight_ = weight.contiguous(at::MemoryFormat::ChannelsLast);
  if (!packed_) return;
  const c10::InferenceMode no_gradients;
  c10::IValue expected;
  if (shape.side > 0) {
    expected = std::vector<std::int64_t>{shape.batch, weight.size(1), shape.side, shape.side};
  }
  weight_ = call(*reorder, {weight_, list(shape.padding), list(shape.stride), kNoDilation,
                            std::int64_t{1}, expected});
}

at::Tensor ConvolutionRelu::operator()(const at::Tensor& x) const {
  if (!packed_) {
    const auto y = at::conv2d(x, weight_, bias_, shape_.stride, shape_.padding);
    return shape_.activated ? y.relu() : y;
  }
  static const auto kConvolution = find_operator("mkldnn::_convolution_pointwise");
  return call(*kConvolution,
              {x, weight_, bias_, list(shape_.padding), list(shape_.stride), kNoDilation,
               std::int64_t{1}, std::string(shape_.activated ? "relu" : "none"),
               c10::List<std::optional<at::Scalar>>(), std::string()});
}

ParallelConvolutions::ParallelConvolutions(const std::vector<at::Tensor>& weights,
                                           const std::vector<at::Tensor>& biases,
                                           const ConvolutionShape& shape)
    : joined_(at::cat(weights), at::cat(biases), shape) {
  for (const auto& weight : weights) channels_.push_back(weight.size(0));
}

std::vector<at::Tensor> ParallelConvolutions::operator()(const at::Tensor& x) const {
  return joined_(x).split_with_sizes(channels_, 1);
}

}  // namespace assay
