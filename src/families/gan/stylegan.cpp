// SPDX-License-Identifier: Apache-2.0
// StyleGAN's generator (Karras et al. 2019, fig. 1b; layers as in the authors' code, with the
// mapping of style_generator.h). A block per side, from a learned constant of ones; a block that
// doubles the side does so by repeating pixels, a 3×3 convolution and the filter (1, 2, 1); then
// noise, bias and leaky ReLU, and adaptive instance normalisation,
//   AdaIN(x, w) = (1 + y_s) · (x − mean x)/√(variance x + 1e-8) + y_b, (y_s, y_b) = A w,
// over the pixels of each channel of each example; a 3×3 convolution and the same again. The last
// block ends in a 1×1 convolution to the image. Noise has a strength for each channel. √2 is the
// gain of activations here, as in StyleGAN2, not of weights.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "families/gan/style_discriminator.h"
#include "families/gan/style_generator.h"
#include "kernels/convolution/convolution.h"
#include "kernels/convolution/upfirdn2d.h"

namespace assay {
namespace {

using std::int64_t;
using torch::nn::Module;

enum class Input { kConstant, kDoubled, kAsItIs };

struct LayerShape {
  Input input;
  int64_t in, out, side, style_dim;
  bool noisy;
};

torch::Tensor smoothing_filter() {
  const auto taps = at::tensor({0.25F, 0.5F, 0.25F});
  return at::outer(taps, taps);
}

torch::Tensor instance_normalised(const torch::Tensor& x) {
  const auto centred = x - x.mean({2, 3}, /*keepdim=*/true);
  return centred * (centred.square().mean({2, 3}, /*keepdim=*/true) + 1e-8).rsqrt();
}

class AdaptiveLayerImpl : public Module {
 public:
  explicit AdaptiveLayerImpl(const LayerShape& shape)
      : input_(shape.input),
        affine_(register_module("affine", EqualisedLinear(EqualisedOptions{.in = shape.style_dim,
                                                                           .out = 2 * shape.out}))),
        bias_(register_parameter("bias", at::zeros({shape.out}))) {
    if (input_ != Input::kConstant) {
      weight_ = register_parameter("weight", initial_normal({shape.out, shape.in, 3, 3}));
    }
    if (!shape.noisy) return;
    strength_ = register_parameter("noise_strength", at::zeros({shape.out}));
    constant_ = register_buffer("noise_const", initial_normal({shape.side, shape.side}));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w, const LayerNoise& noise) {
    auto y = convolved(x);
    if (strength_.defined()) {
      const auto added = noise({w.size(0), constant_});
      if (added.defined()) y = y + strength_.view({-1, 1, 1}) * added;
    }
    const auto style = affine_(w).unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
    y = instance_normalised(bias_activation(y, bias_, Activation::kLeakyRelu));
    return (style[0] + 1.0) * y + style[1];
  }

 private:
  torch::Tensor convolved(const torch::Tensor& x) {
    if (input_ == Input::kConstant) return x;
    if (input_ == Input::kAsItIs) return convolution(x, equalised(weight_), {}, {.padding = 1});
    // Four copies of each pixel.
    static const auto kRepeat = at::ones({2, 2});
    const auto wide = upfirdn2d(x, kRepeat, {.up = 2, .padding = {1, 0, 1, 0}});
    const auto y = convolution(wide, equalised(weight_), {}, {.padding = 1});
    return upfirdn2d(y, smoothing_filter(), {.padding = {1, 1, 1, 1}});
  }

  Input input_;
  EqualisedLinear affine_;
  torch::Tensor weight_, bias_, strength_, constant_;
};
TORCH_MODULE(AdaptiveLayer);

class BlockImpl : public Module {
 public:
  /// Of the first block `shape.input` is the constant.
  explicit BlockImpl(LayerShape shape) {
    if (shape.input == Input::kConstant) {
      constant_ = register_parameter("const", at::ones({shape.out, shape.side, shape.side}));
    }
    first_ = register_module("conv0", AdaptiveLayer(shape));
    shape.in = shape.out;
    shape.input = Input::kAsItIs;
    second_ = register_module("conv1", AdaptiveLayer(shape));
  }
  /// w: [N,2,W].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w, const LayerNoise& noise) {
    const auto in =
        constant_.defined() ? constant_.unsqueeze(0).expand({w.size(0), -1, -1, -1}) : x;
    return second_(first_(in, w.select(1, 0), noise), w.select(1, 1), noise);
  }

 private:
  torch::Tensor constant_;
  AdaptiveLayer first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(Block);

class Synthesis : public StyleSynthesis {
 public:
  explicit Synthesis(const GanShape& shape) {
    const auto& d = shape.definition;
    int64_t in = 0;
    for (const int64_t side : style_sides(shape.example[1])) {
      const LayerShape layer{.input = in == 0 ? Input::kConstant : Input::kDoubled,
                             .in = in,
                             .out = style_channels(d, side),
                             .side = side,
                             .style_dim = d.integer("model.style_dim"),
                             .noisy = d.boolean("model.noise_injection")};
      blocks_.push_back(register_module(fmt::format("b{}", side), Block(layer)));
      in = layer.out;
    }
    to_image_ = register_module(
        "torgb", EqualisedConvolution(EqualisedOptions{.in = in, .out = shape.example[0]}, 1));
  }
  int64_t styles() const override { return 2 * static_cast<int64_t>(blocks_.size()); }
  torch::Tensor forward(const torch::Tensor& w, const LayerNoise& noise) override {
    torch::Tensor x;
    int64_t at = 0;
    for (auto& block : blocks_) {
      x = block(x, w.slice(1, at, at + 2), noise);
      at += 2;
    }
    return to_image_(x);
  }

 private:
  std::vector<Block> blocks_;
  EqualisedConvolution to_image_{nullptr};
};

Schema keys() { return joined({style_keys(), style_discriminator_keys()}); }

}  // namespace

GanArchitecture stylegan() {
  return style_architecture("Karras et al. 2019, sec. 2", keys, generator_of_styles<Synthesis>);
}

}  // namespace assay
