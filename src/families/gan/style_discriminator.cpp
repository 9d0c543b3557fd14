// SPDX-License-Identifier: Apache-2.0
#include "families/gan/style_discriminator.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/linear.h>

#include <numbers>

#include "families/gan/style_generator.h"
#include "nn/blocks/equalised.h"
#include "nn/blocks/minibatch_stddev.h"

namespace assay {
namespace {

using std::int64_t;

EqualisedOptions leaky(int64_t in, int64_t out) {
  return {.in = in, .out = out, .activation = Activation::kLeakyRelu};
}

class HalvingBlockImpl : public torch::nn::Module {
 public:
  HalvingBlockImpl(int64_t in, int64_t out, bool residual)
      : first_(register_module("conv0", EqualisedConvolution(leaky(in, in), 3))),
        second_(register_module("conv1", EqualisedConvolution(leaky(in, out), 3, true))) {
    if (!residual) return;
    skip_ = register_module(
        "skip",
        EqualisedConvolution(EqualisedOptions{.in = in, .out = out, .bias = false}, 1, true));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    if (skip_.is_empty()) return second_(first_(x));
    // Of a sum of two of unit variance: times 1/√2 each.
    constexpr double kHalf = 1.0 / std::numbers::sqrt2;
    return second_->times(first_(x), kHalf) + skip_->times(x, kHalf);
  }

 private:
  EqualisedConvolution first_, second_, skip_{nullptr};
};
TORCH_MODULE(HalvingBlock);

/// Whether each block has a linear way around it.
const Choices<bool> kResidual = {{"residual", true}, {"plain", false}};

}  // namespace

Schema style_discriminator_keys() {
  return {{.path = "model.style_discriminator",
           .default_value = std::string("residual"),
           .meaning = "stylegan, stylegan2: each block of the discriminator has a linear one "
                      "beside it, or not",
           .choices = kResidual.names(),
           .needs = {{"model.network", kStyleNetworks}}}};
}

Sequential style_discriminator(const GanShape& shape) {
  const auto problem = style_misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  const auto& d = shape.definition;
  const auto sides = style_sides(shape.example[1]);
  const bool residual = kResidual.of(d, "model.style_discriminator");
  Sequential layers;
  int64_t channels = style_channels(d, sides.back());
  layers->push_back("fromrgb", EqualisedConvolution(leaky(shape.example[0], channels), 1));
  for (auto side = sides.rbegin(); side + 1 != sides.rend(); ++side) {
    const auto next = style_channels(d, *(side + 1));
    layers->push_back(fmt::format("b{}", *side), HalvingBlock(channels, next, residual));
    channels = next;
  }
  const auto group = d.integer("model.minibatch_stddev");
  if (group > 0) layers->push_back("mbstd", MinibatchStddev(group));
  layers->push_back("conv",
                    EqualisedConvolution(leaky(channels + (group > 0 ? 1 : 0), channels), 3));
  layers->push_back("flatten", torch::nn::Flatten());
  layers->push_back("fc",
                    EqualisedLinear(leaky(channels * sides.front() * sides.front(), channels)));
  layers->push_back("out", EqualisedLinear(EqualisedOptions{channels, shape.critic_outputs}));
  return layers;
}

}  // namespace assay
