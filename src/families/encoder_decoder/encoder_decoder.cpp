// SPDX-License-Identifier: Apache-2.0
#include "families/encoder_decoder/encoder_decoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.h"
#include "families/encoder_decoder/layers.h"
#include "nn/blocks/halving.h"

namespace assay {
namespace {

using std::int64_t;

const Choices<EncoderDecoderKind> kKinds = {
    {"mlp", EncoderDecoderKind::kMlp},         {"conv", EncoderDecoderKind::kConv},
    {"resnet", EncoderDecoderKind::kResnet},   {"burgess", EncoderDecoderKind::kBurgess},
    {"infogan", EncoderDecoderKind::kInfogan}, {"maps", EncoderDecoderKind::kMaps}};

std::string channels_misfit(const EncoderDecoderOptions& options) {
  if (options.channels.empty()) return "model.channels is empty";
  const auto& shape = options.image_shape;
  const auto halvings = options.channels.size();
  if (shape[1] != shape[2] || !halves_evenly(shape[1], halvings)) {
    return fmt::format(
        "{} entries of model.channels need square images with a side that {} divides, not {}x{}",
        halvings, power_of_two_text(halvings), shape[1], shape[2]);
  }
  // The outermost channels of "conv" are normalised only if they are the innermost, too.
  const bool first_too =
      options.kind == EncoderDecoderKind::kResnet || options.channels.size() == 1;
  for (std::size_t i = first_too ? 0 : 1; i < options.channels.size(); ++i) {
    if (options.channels[i] % layers::kGroups != 0) {
      return fmt::format(
          "{} in model.channels is not a multiple of {}, the groups of its normalisation",
          options.channels[i], layers::kGroups);
    }
  }
  return {};
}

}  // namespace

std::vector<int64_t> EncoderDecoderOptions::latent_shape() const {
  const auto side = [this](std::size_t axis) {
    return side_after(image_shape[axis] / space_to_depth, channels.size() - 1);
  };
  return {latent_channels, side(1), side(2)};
}

std::string encoder_decoder_misfit(const EncoderDecoderOptions& options, const std::string& who) {
  const auto& shape = options.image_shape;
  if (shape.size() != 3) return fmt::format("{} needs images; the data set holds points", who);
  switch (options.kind) {
    case EncoderDecoderKind::kMlp:
      return {};
    case EncoderDecoderKind::kBurgess:
      if (shape[1] == shape[2] && (shape[1] == 32 || shape[1] == 64)) return {};
      return fmt::format(
          "model.network = \"burgess\" needs 32x32 or 64x64 images, not {}x{}; set dataset.size = "
          "32",
          shape[1], shape[2]);
    case EncoderDecoderKind::kInfogan:
      if (shape[1] % 4 == 0 && shape[2] % 4 == 0) return {};
      return fmt::format(
          "model.network = \"infogan\" needs images with sides that 4 divides, not {}x{}", shape[1],
          shape[2]);
    case EncoderDecoderKind::kMaps:
      return layers::maps_misfit(options);
    case EncoderDecoderKind::kConv:
    case EncoderDecoderKind::kResnet:
      break;
  }
  return channels_misfit(options);
}

EncoderDecoder make_encoder_decoder(const EncoderDecoderOptions& options) {
  const auto misfit = encoder_decoder_misfit(options, "the network");
  TORCH_CHECK(misfit.empty(), misfit);
  switch (options.kind) {
    case EncoderDecoderKind::kMlp:
      return layers::make_mlp(options);
    case EncoderDecoderKind::kBurgess:
      return layers::make_burgess(options);
    case EncoderDecoderKind::kInfogan:
      return layers::make_infogan(options);
    case EncoderDecoderKind::kMaps:
      return layers::make_maps(options);
    case EncoderDecoderKind::kConv:
    case EncoderDecoderKind::kResnet:
      break;
  }
  return layers::make_conv(options);
}

torch::Tensor encoder_input(const EncoderDecoderOptions& options, const torch::Tensor& images,
                            const torch::Tensor& condition) {
  TORCH_CHECK(condition.defined() == (options.condition_dim > 0),
              "the encoder needs a condition, or was built without one");
  if (!condition.defined()) return images;
  if (options.kind == EncoderDecoderKind::kMlp) return at::cat({images.flatten(1), condition}, 1);
  const auto planes = condition.unsqueeze(-1).unsqueeze(-1).expand(
      {images.size(0), options.condition_dim, images.size(2), images.size(3)});
  return at::cat({images, planes}, 1);
}

bool codes_are_maps(const Definition& definition) {
  return kKinds.of(definition, "model.network") == EncoderDecoderKind::kMaps;
}

std::optional<int64_t> code_size(const Definition& definition) {
  if (codes_are_maps(definition)) return std::nullopt;
  return definition.integer("model.latent_dim");
}

bool normalises_single_values(const Definition& definition) {
  return kKinds.of(definition, "model.network") == EncoderDecoderKind::kInfogan &&
         definition.integer("train.batch_size") == 1;
}

EncoderDecoderOptions encoder_decoder_options(const ModelArgs& args, const std::string& who) {
  const auto& definition = args.definition;
  EncoderDecoderOptions options;
  options.kind = kKinds.of(definition, "model.network");
  options.image_shape = args.example_shape;
  options.channels = definition.integers("model.channels");
  options.hidden_widths = definition.integers("model.hidden_widths");
  options.blocks = definition.integer("model.blocks");
  options.latent_dim = definition.integer("model.latent_dim");
  options.activation = kNonlinearities.of(definition, "model.activation");
  options.latent_channels = definition.integer("model.latent_channels");
  options.groups = definition.integer("model.groups");
  options.space_to_depth = definition.integer("model.space_to_depth");
  options.attention = definition.boolean("model.attention");
  options.infogan_width = definition.integer("model.infogan_width");
  const auto misfit = encoder_decoder_misfit(options, who);
  if (!misfit.empty()) throw Error(fmt::format("{}: {}", definition.name, misfit));
  if (codes_are_maps(definition)) {
    const auto map = options.latent_shape();
    options.latent_dim = map[0] * map[1] * map[2];
  }
  return options;
}

Schema encoder_decoder_schema() {
  const std::vector<Need> maps = {{"model.network", {"maps"}}};
  return {
      {.path = "model.network",
       .default_value = std::string("conv"),
       .meaning = "encoder and decoder: linear layers only, convolutions outside them, these with "
                  "residual blocks, the network of the disentanglement studies (32x32 and 64x64), "
                  "InfoGAN's, or those of latent diffusion's first stage, whose code is a map of "
                  "few channels",
       .choices = kKinds.names()},
      {.path = "model.channels",
       .default_value = std::vector<int64_t>{24, 48},
       .meaning =
           "conv, resnet: channels of the convolutions, outermost first; each halves the side; "
           "maps: of the levels, outermost first, between which the side halves",
       .minimum = 1,
       .maximum = 4096,
       .needs = {{"model.network", {"conv", "resnet", "maps"}}}},
      {.path = "model.hidden_widths",
       .default_value = std::vector<int64_t>{256},
       .meaning =
           "mlp, conv, resnet: widths of the encoder's linear layers; the decoder mirrors them",
       .minimum = 1,
       .maximum = 65536,
       .needs = {{"model.network", {"mlp", "conv", "resnet"}}}},
      {.path = "model.blocks",
       .default_value = int64_t{1},
       .meaning = "resnet: residual blocks after each halving of the side; maps: of each level, "
                  "and one more in the decoder",
       .minimum = 1,
       .maximum = 64,
       .needs = {{"model.network", {"resnet", "maps"}}}},
      {.path = "model.latent_dim",
       .default_value = int64_t{10},
       .meaning = "dimensions of the code z",
       .minimum = 1,
       .maximum = 65536,
       .needs = {{"model.network", {"mlp", "conv", "resnet", "burgess", "infogan"}}}},
      {.path = "model.activation",
       .default_value = std::string("silu"),
       .meaning = "mlp, conv, resnet: nonlinearity of both networks",
       .choices = kNonlinearities.names(),
       .needs = {{"model.network", {"mlp", "conv", "resnet"}}}},
      {.path = "model.latent_channels",
       .default_value = int64_t{4},
       .meaning = "maps: channels of the code, a map of the innermost level's sides",
       .minimum = 1,
       .maximum = 4096,
       .needs = maps},
      {.path = "model.groups",
       .default_value = int64_t{8},
       .meaning = "maps: groups of the normalisation",
       .minimum = 1,
       .maximum = 4096,
       .needs = maps},
      {.path = "model.space_to_depth",
       .default_value = int64_t{1},
       .meaning = "maps: f, the networks see f x f pixels as channels of one: f*f times less work "
                  "in all levels",
       .minimum = 1,
       .maximum = 64,
       .needs = maps},
      {.path = "model.attention",
       .default_value = true,
       .meaning = "maps: self-attention in the middle of both networks",
       .needs = maps},
      {.path = "model.infogan_width",
       .default_value = int64_t{64},
       .meaning = "infogan: channels of the layer next to the image; twice as many inside, sixteen "
                  "times as many units in the linear layers",
       .minimum = 1,
       .maximum = 4096,
       .needs = {{"model.network", {"infogan"}}}},
  };
}

}  // namespace assay
