// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/diffusers_unet.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "core/error.h"
#include "families/diffusion/composition.h"
#include "families/diffusion/diffusion_choices.h"

namespace assay {
namespace {

using std::int64_t;

// Of the frequencies there, 10000^(−i/(K − shift)) of a timestep, i = 0 … K − 1.
constexpr double kBase = 10000.0;
// The frequencies of a definition are written with nine digits.
constexpr double kRounding = 1e-6;

void require(const Definition& definition, bool holds, std::string_view set, std::string_view why) {
  if (holds) return;
  throw Error(fmt::format("{}: a U-Net of diffusers {}; set {}", definition.name, why, set));
}

void check_network(const Definition& definition) {
  const auto is = [&](std::string_view path, std::string_view text) {
    return !definition.has(path) || definition.text(path) == text;
  };
  require(definition, has_unet(definition), "model.network = \"unet\"", "is no other network");
  require(definition, is("model.layout", "ddpm"), "model.layout = \"ddpm\"",
          "has a skip from each block and each downsampling");
  require(definition, is("model.resample", "conv"), "model.resample = \"conv\"",
          "joins levels by convolutions");
  require(definition, is("model.progressive_input", "none"), "model.progressive_input = \"none\"",
          "sees the image at the first level alone");
  require(definition, is("model.up_attention", "every_block"),
          "model.up_attention = \"every_block\"", "attends after every block of a level");
  require(definition, is("model.time_features", "sinusoidal"),
          "model.time_features = \"sinusoidal\"", "draws its own Fourier features");
  require(definition, definition.integer("model.space_to_depth") == 1, "model.space_to_depth = 1",
          "folds no pixels into channels");
  require(definition, definition.number("model.skip_scale") == 1.0, "model.skip_scale = 1",
          "adds skips as they are, unless in the middle alone");
  require(definition, definition.integers("model.multipliers").front() == 1,
          "the first of model.multipliers = 1",
          "has as many channels behind the first convolution as at the first level");
  const auto base = definition.integer("model.base_channels");
  require(definition, definition.integer("model.time_embedding") == base,
          fmt::format("model.time_embedding = {}", base),
          "tells the time by as many numbers as the first level has channels");
}

// 0 or 1, whichever the frequencies say.
int64_t frequency_shift(const Definition& definition) {
  const double highest = definition.number("model.highest_time_frequency");
  const double ratio = highest / definition.number("model.lowest_time_frequency");
  const double count = static_cast<double>(definition.integer("model.time_embedding")) / 2.0;
  const auto timesteps = definition.integer("objective.timesteps");
  require(definition, timesteps == 0 || highest == static_cast<double>(timesteps),
          fmt::format("model.highest_time_frequency = {}", timesteps),
          "turns by a radian in a timestep, of which there are objective.timesteps, at most");
  if (std::abs(ratio / kBase - 1.0) < kRounding) return 1;
  const double unshifted = std::pow(kBase, (count - 1.0) / count);
  const bool known = std::abs(ratio / unshifted - 1.0) < kRounding;
  require(definition, known,
          fmt::format("model.lowest_time_frequency = {:g} (freq_shift = 1) or {:.9g} (0)",
                      highest / kBase, highest / unshifted),
          "spreads the frequencies of the time over four decades");
  return 0;
}

}  // namespace

DiffusersUNet diffusers_unet(const Definition& definition) {
  check_network(definition);
  DiffusersUNet unet;
  for (const auto multiplier : definition.integers("model.multipliers")) {
    unet.channels.push_back(multiplier * definition.integer("model.base_channels"));
  }
  unet.blocks = definition.integer("model.blocks");
  unet.groups = definition.integer("model.groups");
  unet.heads = definition.integer("model.heads");
  unet.head_channels = definition.integer("model.head_channels");
  unet.scales_and_shifts =
      kTimeConditionings.of(definition, "model.time_conditioning") == TimeConditioning::kFilm;
  unet.dropout = definition.number("model.dropout");
  unet.frequency_shift = frequency_shift(definition);
  return unet;
}

}  // namespace assay
