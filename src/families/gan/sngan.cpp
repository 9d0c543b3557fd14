// SPDX-License-Identifier: Apache-2.0
// SNGAN's residual networks (Miyato et al. 2018, tables 3 and 4) as of the authors' code. Generator
// with g = 256 channels: Linear Z→g·s·s, s the side halved while even and above 4 (32: 4, 28: 7) ·
// a block Up(x) = Conv3(ReLU(BN(Conv3(up(ReLU(BN x)))))) + up(Conv1 x) per halving · BN, ReLU,
// Conv3, tanh. Discriminator with d = 128: pool(Conv3(ReLU(Conv3 x))) + Conv1(pool x) ·
// pool(Conv3(ReLU(Conv3(ReLU x)))) + Conv1(pool x) · twice x + Conv3(ReLU(Conv3(ReLU x))) · ReLU,
// sum over pixels, Linear; spectrally normalised by model.spectral_norm. Conv1 and up or pool
// commute: here Conv1 sees the smaller image. Mimicry's networks (Lee & Town 2020) are these with
// bilinear upsampling, but their ReLU before a branch overwrites what the shortcut adds.
#include <fmt/format.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/functional.h>
#include <torch/nn/modules/pooling.h>
#include <torch/nn/modules/upsampling.h>

#include "families/gan/architecture.h"
#include "nn/blocks/batch_norm.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kSmallestSide = 4;

const Choices<torch::nn::UpsampleOptions> kUpsampling = {
    {"nearest", torch::nn::UpsampleOptions().mode(torch::kNearest)},
    {"bilinear", torch::nn::UpsampleOptions().mode(torch::kBilinear).align_corners(false)}};

// branch(x) + shortcut(x), an empty shortcut being x.
class ResidualImpl : public torch::nn::Module {
 public:
  ResidualImpl(const Sequential& branch, const Sequential& shortcut)
      : branch_(register_module("branch", branch)),
        shortcut_(register_module("shortcut", shortcut)) {}
  torch::Tensor forward(const torch::Tensor& x) {
    return branch_->forward(x) + (shortcut_->is_empty() ? x : shortcut_->forward(x));
  }

 private:
  Sequential branch_, shortcut_;
};
TORCH_MODULE(Residual);

// Of a layer's output that nobody else reads.
torch::nn::ReLU relu_in_place() { return torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true)); }

torch::nn::AvgPool2d halved() { return torch::nn::AvgPool2d(torch::nn::AvgPool2dOptions(2)); }

Schema keys() {
  return {{.path = "model.sngan_generator_width",
           .default_value = int64_t{256},
           .meaning = "sngan: channels of the generator",
           .minimum = 1,
           .maximum = 4096,
           .needs = {{"model.network", {"sngan"}}}},
          {.path = "model.sngan_discriminator_width",
           .default_value = int64_t{128},
           .meaning = "sngan: channels of the discriminator",
           .minimum = 1,
           .maximum = 4096,
           .needs = {{"model.network", {"sngan"}}}},
          {.path = "model.sngan_upsampling",
           .default_value = std::string("nearest"),
           .meaning = "sngan: how the generator doubles sides; bilinear is Mimicry's",
           .choices = kUpsampling.names(),
           .needs = {{"model.network", {"sngan"}}}}};
}

std::string misfit(const GanShape& shape) {
  const auto& example = shape.example;
  if (example.size() != 3) return "model.network = \"sngan\" needs images; take \"mlp\" for points";
  if (example[1] != example[2] || example[1] % 4 != 0 || example[1] <= kSmallestSide) {
    return fmt::format(
        "model.network = \"sngan\" needs square images with a side of 8 or more that 4 divides, "
        "not {}x{}",
        example[1], example[2]);
  }
  return {};
}

Residual generator_block(const GanShape& shape, int64_t width) {
  auto upsampling = kUpsampling.of(shape.definition, "model.sngan_upsampling");
  upsampling.scale_factor(std::vector<double>{2.0, 2.0});
  const Sequential branch(BatchNorm2d(width), relu_in_place(), torch::nn::Upsample(upsampling),
                          conv3x3(width, width), BatchNorm2d(width), relu_in_place(),
                          conv3x3(width, width));
  const Sequential shortcut(Convolution(torch::nn::Conv2dOptions(width, width, 1)),
                            torch::nn::Upsample(upsampling));
  return Residual(branch, shortcut);
}

Sequential generator(const GanShape& shape) {
  const auto problem = misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  const int64_t width = shape.definition.integer("model.sngan_generator_width");
  int64_t side = shape.example[1], blocks = 0;
  for (; side % 2 == 0 && side > kSmallestSide; side /= 2) ++blocks;
  Sequential layers;
  layers->push_back(Linear(shape.latent_dim(), width * side * side));
  layers->push_back(torch::nn::Unflatten(torch::nn::UnflattenOptions(1, {width, side, side})));
  for (int64_t i = 0; i < blocks; ++i) layers->push_back(generator_block(shape, width));
  layers->push_back(BatchNorm2d(width));
  layers->push_back(relu_in_place());
  layers->push_back(conv3x3(width, shape.example[0]));
  layers->push_back(torch::nn::Tanh());
  return layers;
}

enum class Sees { kImage, kFeatures };

Residual discriminator_block(const GanShape& shape, Sees sees, bool halves) {
  const int64_t out = shape.definition.integer("model.sngan_discriminator_width");
  const int64_t in = sees == Sees::kImage ? shape.example[0] : out;
  Sequential branch, shortcut;
  // Not in place: the shortcut adds what was there before.
  if (sees == Sees::kFeatures) branch->push_back(torch::nn::ReLU());
  add_critic_convolution(branch, shape, torch::nn::Conv2dOptions(in, out, 3).padding(1));
  branch->push_back(relu_in_place());
  add_critic_convolution(branch, shape, torch::nn::Conv2dOptions(out, out, 3).padding(1));
  if (halves) {
    branch->push_back(halved());
    shortcut->push_back(halved());
    add_critic_convolution(shortcut, shape, torch::nn::Conv2dOptions(in, out, 1));
  }
  return Residual(branch, shortcut);
}

Sequential discriminator(const GanShape& shape) {
  const auto problem = misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  Sequential layers;
  layers->push_back(discriminator_block(shape, Sees::kImage, true));
  layers->push_back(discriminator_block(shape, Sees::kFeatures, true));
  layers->push_back(discriminator_block(shape, Sees::kFeatures, false));
  layers->push_back(discriminator_block(shape, Sees::kFeatures, false));
  layers->push_back(relu_in_place());
  layers->push_back(torch::nn::Functional([](const torch::Tensor& x) { return x.sum({2, 3}); }));
  add_critic_head(layers, shape, shape.definition.integer("model.sngan_discriminator_width"));
  return layers;
}

}  // namespace

GanArchitecture sngan() {
  return {.paper = "Miyato et al. 2018, tables 3 and 4",
          .keys = keys,
          .misfit = misfit,
          .normalises_single_values = [](const GanShape&) { return false; },
          .discriminator_norm = [](const Definition&) { return CriticNorm::kNothing; },
          .generator = generator,
          .discriminator = discriminator};
}

}  // namespace assay
