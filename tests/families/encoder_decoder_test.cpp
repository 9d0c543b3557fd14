// SPDX-License-Identifier: Apache-2.0
#include "families/encoder_decoder/encoder_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include "nn/blocks/preactivation_block.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

EncoderDecoderOptions options_of(EncoderDecoderKind kind, std::int64_t side) {
  EncoderDecoderOptions options;
  options.kind = kind;
  options.image_shape = {1, side, side};
  options.channels = {8, 16};
  options.hidden_widths = {32};
  options.latent_dim = 10;
  options.codes_per_latent = 2;
  options.activation = Nonlinearity::kRelu;
  return options;
}

std::int64_t parameters_of(Sequential& network) {
  std::int64_t count = 0;
  for (const auto& parameter : network->parameters()) count += parameter.numel();
  return count;
}

TEST(EncoderDecoder, HasTheShapesOfEachKindWithAndWithoutACondition) {
  using Kind = EncoderDecoderKind;
  for (const auto kind : {Kind::kMlp, Kind::kConv, Kind::kResnet, Kind::kBurgess, Kind::kInfogan}) {
    for (const std::int64_t classes : {0, 3}) {
      auto options = options_of(kind, 32);
      options.condition_dim = classes;
      auto made = make_encoder_decoder(options);
      const auto images = torch::zeros({2, 1, 32, 32});
      const auto y = classes > 0 ? torch::ones({2, classes}) : torch::Tensor();
      const auto codes = made.encoder->forward(encoder_input(options, images, y));
      EXPECT_EQ(codes.sizes(), (std::vector<std::int64_t>{2, 20}));
      const auto logits = made.decoder->forward(torch::zeros({2, 10 + classes}));
      EXPECT_EQ(logits.sizes(), images.sizes());
    }
  }
}

TEST(EncoderDecoder, OfMapsHasACodeOfFewChannelsBesideACondition) {
  for (const std::int64_t classes : {0, 3}) {
    auto options = options_of(EncoderDecoderKind::kMaps, 24);
    options.space_to_depth = 2;
    options.latent_channels = 3;
    options.condition_dim = classes;
    EXPECT_EQ(options.latent_shape(), (std::vector<std::int64_t>{3, 6, 6}));
    auto made = make_encoder_decoder(options);
    const auto images = torch::rand({2, 1, 24, 24});
    const auto y = torch::ones({2, classes});
    const auto seen = encoder_input(options, images, classes > 0 ? y : torch::Tensor());
    EXPECT_EQ(made.encoder->forward(seen).sizes(), (std::vector<std::int64_t>{2, 2 * 108}));
    const auto z = torch::rand({2, 108});
    const auto logits = made.decoder->forward(torch::cat({z, y}, 1));
    EXPECT_EQ(logits.sizes(), images.sizes());
    if (classes > 0) {
      EXPECT_FALSE(torch::equal(logits, made.decoder->forward(torch::cat({z, 0.0 * y}, 1))));
    }
  }
}

// The autoencoder of latent diffusion with f = 8 has 34,163,592 and 49,490,179 weights, without the
// 1×1 convolutions around the code (CompVis/latent-diffusion, autoencoder_kl_32x32x4: 83.65 M).
TEST(MapsNetwork, HasThePublishedParameters) {
  EncoderDecoderOptions options;
  options.kind = EncoderDecoderKind::kMaps;
  options.image_shape = {3, 256, 256};
  options.channels = {128, 256, 512, 512};
  options.blocks = 2;
  options.groups = 32;
  options.latent_channels = 4;
  options.codes_per_latent = 2;
  EXPECT_EQ(options.latent_shape(), (std::vector<std::int64_t>{4, 32, 32}));
  auto made = make_encoder_decoder(options);
  EXPECT_EQ(parameters_of(made.encoder), 34'163'592);
  EXPECT_EQ(parameters_of(made.decoder), 49'490'179);
}

// Counted by hand from the layers of disentanglement_lib's conv_encoder and deconv_decoder.
TEST(BurgessNetwork, HasThePublishedParameters) {
  auto made = make_encoder_decoder(options_of(EncoderDecoderKind::kBurgess, 64));
  EXPECT_EQ(parameters_of(made.encoder), 544 + 16416 + 8256 + 16448 + 262400 + 5140);
  EXPECT_EQ(parameters_of(made.decoder), 2816 + 263168 + 65600 + 32800 + 16416 + 513);
  const auto codes = made.encoder->forward(torch::zeros({2, 1, 64, 64}));
  EXPECT_EQ(codes.size(1), 20);
  EXPECT_EQ(made.decoder->forward(torch::zeros({2, 10})).size(3), 64);
}

TEST(BurgessNetwork, LeavesTheInnermostConvolutionsOutAt32) {
  auto made = make_encoder_decoder(options_of(EncoderDecoderKind::kBurgess, 32));
  EXPECT_EQ(parameters_of(made.encoder), 544 + 16416 + 8256 + 262400 + 5140);
  EXPECT_EQ(parameters_of(made.decoder), 2816 + 263168 + 32800 + 16416 + 513);
}

// Lucic et al. 2018 on 28×28: Conv 64 · Conv 128, BN · 6272→1024, BN · 1024→20, without the biases
// that batch normalisation makes idle.
TEST(InfoganNetwork, HasTheLayersOfTheStudy) {
  auto made = make_encoder_decoder(options_of(EncoderDecoderKind::kInfogan, 28));
  EXPECT_EQ(parameters_of(made.encoder),
            (16 * 64 + 64) + (64 * 128 * 16 + 256) + (6272 * 1024 + 2048) + (1024 * 20 + 20));
  EXPECT_EQ(parameters_of(made.decoder),
            (10 * 1024 + 2048) + (1024 * 6272 + 2 * 6272) + (128 * 64 * 16 + 128) + (64 * 16 + 1));
}

TEST(PreactivationBlock, AddsToItsInputAndNothingAtZeroWeights) {
  PreactivationBlock block(8, 8);
  const auto x = torch::linspace(-1.0, 1.0, 2 * 8 * 4 * 4).view({2, 8, 4, 4});
  EXPECT_FALSE(torch::allclose(block(x), x));
  const torch::NoGradGuard no_grad;
  for (auto& item : block->named_parameters()) {
    if (item.key().starts_with("conv2")) item.value().zero_();
  }
  EXPECT_TRUE(torch::equal(block(x), x));
}

TEST(PreactivationBlock, ProjectsWhereChannelsChange) {
  PreactivationBlock block(8, 16, 8);
  const auto x = torch::linspace(-1.0, 1.0, 2 * 8 * 4 * 4).view({2, 8, 4, 4});
  const torch::NoGradGuard no_grad;
  auto named = block->named_parameters();
  named["conv2.weight"].zero_();
  named["conv2.bias"].zero_();
  const auto projected = torch::conv2d(x, named["skip.weight"], named["skip.bias"]);
  EXPECT_TRUE(torch::allclose(block(x), projected, 1e-5, 1e-6));
}

TEST(EncoderDecoderMisfit, SaysWhatToChange) {
  auto options = options_of(EncoderDecoderKind::kBurgess, 28);
  EXPECT_THAT(encoder_decoder_misfit(options, "the VAE"), HasSubstr("set dataset.size = 32"));
  options = options_of(EncoderDecoderKind::kInfogan, 30);
  EXPECT_THAT(encoder_decoder_misfit(options, "the VAE"), HasSubstr("that 4 divides, not 30x30"));
  options = options_of(EncoderDecoderKind::kResnet, 28);
  options.channels = {12, 16};
  EXPECT_THAT(encoder_decoder_misfit(options, "the VAE"), HasSubstr("12 in model.channels"));
  options.kind = EncoderDecoderKind::kMaps;
  EXPECT_THAT(encoder_decoder_misfit(options, "the VAE"), HasSubstr("12 in model.channels"));
  options.channels = {8, 16};
  options.space_to_depth = 4;
  EXPECT_THAT(encoder_decoder_misfit(options, "the VAE"),
              HasSubstr("sides that 4 times 2 divides, not 28x28"));
}

}  // namespace
}  // namespace assay
