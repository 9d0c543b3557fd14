// SPDX-License-Identifier: Apache-2.0
// StyleGAN2's generator (Karras et al. 2020, fig. 2 and 7; names and order of layers as in the
// authors' PyTorch code). A block per side, from a learned constant: a styled convolution that
// doubles the side (none in the first block), another one, and a 1×1 modulated convolution to the
// image's channels, without demodulation; "skip": each block's image is added to the one before,
// upsampled; "plain": the last block's alone. A styled convolution is leaky ReLU(modulated
// convolution + strength · noise + bias) · √2, its style A w + 1.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "families/gan/style_generator.h"
#include "kernels/convolution/upfirdn2d.h"
#include "nn/blocks/modulated_convolution.h"

namespace assay {
namespace {

using std::int64_t;
using torch::nn::Module;

struct BlockShape {
  int64_t in, out, side, style_dim, image_channels;
  bool demodulate, noisy;
};

EqualisedLinear style_layer(int64_t style_dim, int64_t channels) {
  return EqualisedLinear(EqualisedOptions{.in = style_dim, .out = channels, .initial_bias = 1.0});
}

class StyledConvolutionImpl : public Module {
 public:
  StyledConvolutionImpl(const BlockShape& shape, bool doubles)
      : options_{.demodulate = shape.demodulate, .doubles = doubles},
        affine_(register_module("affine",
                                style_layer(shape.style_dim, doubles ? shape.in : shape.out))),
        weight_(register_parameter(
            "weight", initial_normal({shape.out, doubles ? shape.in : shape.out, 3, 3}))),
        bias_(register_parameter("bias", at::zeros({shape.out}))) {
    if (!shape.noisy) return;
    strength_ = register_parameter("noise_strength", at::zeros({}));
    constant_ = register_buffer("noise_const", initial_normal({shape.side, shape.side}));
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w, const LayerNoise& noise) {
    auto y = modulated_convolution(x, equalised(weight_), affine_(w), options_);
    if (strength_.defined()) {
      const auto added = noise({y.size(0), constant_});
      if (added.defined()) y = y + strength_ * added;
    }
    return bias_activation(y, bias_, Activation::kLeakyRelu);
  }

 private:
  ModulatedOptions options_;
  EqualisedLinear affine_;
  torch::Tensor weight_, bias_, strength_, constant_;
};
TORCH_MODULE(StyledConvolution);

class ToImageImpl : public Module {
 public:
  explicit ToImageImpl(const BlockShape& shape)
      : affine_(register_module("affine", style_layer(shape.style_dim, shape.out))),
        weight_(
            register_parameter("weight", initial_normal({shape.image_channels, shape.out, 1, 1}))),
        bias_(register_parameter("bias", at::zeros({shape.image_channels}))) {}
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w) {
    const auto y = modulated_convolution(x, equalised(weight_), affine_(w), {.demodulate = false});
    return bias_activation(y, bias_, Activation::kLinear);
  }

 private:
  EqualisedLinear affine_;
  torch::Tensor weight_, bias_;
};
TORCH_MODULE(ToImage);

class BlockImpl : public Module {
 public:
  BlockImpl(const BlockShape& shape, bool first, bool shows) {
    if (first) {
      constant_ = register_parameter("const", initial_normal({shape.out, shape.side, shape.side}));
    } else {
      doubling_ = register_module("conv0", StyledConvolution(shape, true));
    }
    convolution_ = register_module("conv1", StyledConvolution(shape, false));
    if (shows) to_image_ = register_module("torgb", ToImage(shape));
  }
  /// Takes its styles from w at `at` on, which it moves behind those that are its alone.
  void forward(torch::Tensor& x, torch::Tensor& image, const torch::Tensor& w, int64_t& at,
               const LayerNoise& noise) {
    if (doubling_.is_empty()) {
      x = constant_.unsqueeze(0).expand({w.size(0), -1, -1, -1});
    } else {
      x = doubling_(x, w.select(1, at++), noise);
    }
    x = convolution_(x, w.select(1, at++), noise);
    if (to_image_.is_empty()) return;
    // The next block's first convolution sees the same style.
    const auto shown = to_image_(x, w.select(1, at));
    image = image.defined() ? upfirdn2d(image, binomial_filter(), kUpsampleBy2) + shown : shown;
  }

 private:
  torch::Tensor constant_;
  StyledConvolution doubling_{nullptr}, convolution_{nullptr};
  ToImage to_image_{nullptr};
};
TORCH_MODULE(Block);

/// Whether the image is a sum over the blocks' images.
const Choices<bool> kSkips = {{"skip", true}, {"plain", false}};

class Synthesis : public StyleSynthesis {
 public:
  explicit Synthesis(const GanShape& shape) {
    const auto& d = shape.definition;
    const auto sides = style_sides(shape.example[1]);
    const bool skips = kSkips.of(d, "model.style_generator");
    int64_t in = 0;
    for (const int64_t side : sides) {
      const BlockShape block{.in = in,
                             .out = style_channels(d, side),
                             .side = side,
                             .style_dim = d.integer("model.style_dim"),
                             .image_channels = shape.example[0],
                             .demodulate = d.boolean("model.demodulate"),
                             .noisy = d.boolean("model.noise_injection")};
      blocks_.push_back(
          register_module(fmt::format("b{}", side),
                          Block(block, side == sides.front(), skips || side == sides.back())));
      in = block.out;
    }
  }
  int64_t styles() const override { return 2 * static_cast<int64_t>(blocks_.size()); }
  torch::Tensor forward(const torch::Tensor& w, const LayerNoise& noise) override {
    torch::Tensor x, image;
    int64_t at = 0;
    for (auto& block : blocks_) block->forward(x, image, w, at, noise);
    return image;
  }

 private:
  std::vector<Block> blocks_;
};

Schema keys() {
  const decltype(Key::needs) kOfThis = {{"model.network", {"stylegan2"}}};
  return {{.path = "model.demodulate",
           .default_value = true,
           .meaning = "stylegan2: each output channel of a modulated convolution is scaled to the "
                      "power that it would have of white noise",
           .needs = kOfThis},
          {.path = "model.style_generator",
           .default_value = std::string("skip"),
           .meaning = "stylegan2: the image is a sum over sides, or the last block's alone",
           .choices = kSkips.names(),
           .needs = kOfThis}};
}

}  // namespace

GanArchitecture stylegan2() {
  return style_architecture("Karras et al. 2020, sec. 2 and 4", keys,
                            generator_of_styles<Synthesis>);
}

}  // namespace assay
