// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/diffusion.h"
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/diffusion_keys.h"

namespace assay {
namespace {

using std::int64_t;

Schema network_keys() {
  return {
      {.path = "model.layout",
       .default_value = std::string("ddpm"),
       .meaning = "U-Net of Ho et al. 2020, or one with fewer skips and blocks for small budgets",
       .choices = kUNetLayouts.names()},
      {.path = "model.base_channels",
       .default_value = int64_t{32},
       .meaning = "channels of the U-Net before multiplication",
       .minimum = 1,
       .maximum = 4096},
      {.path = "model.multipliers",
       .default_value = std::vector<int64_t>{1, 2, 2},
       .meaning = "one level each, which has base_channels times this many channels",
       .minimum = 1,
       .maximum = 64},
      {.path = "model.blocks",
       .default_value = int64_t{1},
       .meaning = "residual blocks per level on the way down",
       .minimum = 1,
       .maximum = 16},
      {.path = "model.attention_resolutions",
       .default_value = std::vector<int64_t>{},
       .meaning =
           "sides of feature maps whose blocks are followed by attention, besides the middle",
       .unit = "pixels",
       .minimum = 1,
       .maximum = 4096},
      {.path = "model.heads",
       .default_value = int64_t{4},
       .meaning = "heads of attention",
       .minimum = 1,
       .maximum = 64,
       .needs = {{"model.head_channels", {"0"}}}},
      {.path = "model.head_channels",
       .default_value = int64_t{0},
       .meaning =
           "channels of each head, in place of their number (Dhariwal & Nichol 2021: 64); 0: "
           "by model.heads",
       .minimum = 0,
       .maximum = 4096},
      {.path = "model.up_attention",
       .default_value = std::string("every_block"),
       .meaning = "which blocks of a level on the way up are followed by attention (Song et al. "
                  "2021: the last)",
       .choices = kUpAttentions.names()},
      {.path = "model.groups",
       .default_value = int64_t{8},
       .meaning = "groups of group normalisation",
       .minimum = 1,
       .maximum = 1024},
      {.path = "model.space_to_depth",
       .default_value = int64_t{1},
       .meaning = "f: images are folded to f x f times the channels and 1/f of the side",
       .minimum = 1,
       .maximum = 16},
      {.path = "model.dropout",
       .default_value = 0.0,
       .meaning = "dropout in residual blocks",
       .minimum = 0,
       .maximum = 0.99},
  };
}

Schema level_keys() {
  return {
      {.path = "model.resample",
       .default_value = std::string("conv"),
       .meaning = "what joins levels: convolutions (Ho et al. 2020), residual blocks (Dhariwal & "
                  "Nichol 2021), those with a convolution beside (Song et al. 2021), or means "
                  "and nearest neighbours",
       .choices = kUNetResamples.names()},
      {.path = "model.resample_filter",
       .default_value = std::vector<int64_t>{1, 1},
       .meaning = "taps of the filter by which they halve and double sides; [1, 3, 3, 1]: NCSN++",
       .minimum = -1e6,
       .maximum = 1e6,
       .needs = {{"model.resample", {"residual", "biggan"}}}},
      {.path = "model.skip_scale",
       .default_value = 1.0,
       .meaning = "sums with what skips a block or attention are multiplied by it (Song et al. "
                  "2021: 1/sqrt(2))",
       .minimum = 1e-3,
       .maximum = 1},
      {.path = "model.progressive_input",
       .default_value = std::string("none"),
       .meaning =
           "residual: the image, filtered and convolved from level to level, is added on the "
           "way down (NCSN++: Song et al. 2021)",
       .choices = kProgressiveInputs.names()},
  };
}

Schema time_keys() {
  return {
      {.path = "model.time_conditioning",
       .default_value = std::string("film"),
       .meaning = "the time scales and shifts the features, or is added to them",
       .choices = kTimeConditionings.names()},
      {.path = "model.time_embedding",
       .default_value = int64_t{0},
       .meaning = "width of the sinusoidal embedding; 0: twice base_channels",
       .minimum = 0,
       .maximum = 65536},
      {.path = "model.lowest_time_frequency",
       .default_value = 1.0,
       .meaning = "lowest of its frequencies, log-spaced; Ho et al. 2020: 0.1",
       .unit = "radians over the whole process",
       .minimum = 1e-6,
       .maximum = 1000},
      {.path = "model.highest_time_frequency",
       .default_value = 1000.0,
       .meaning =
           "highest of them; with process edm times are log(noise)/4, and Karras et al. 2022 "
           "take 1e-4 to 1",
       .unit = "radians over the whole process",
       .minimum = 1e-6,
       .maximum = 1e6},
  };
}

// NCSN++'s, where the network is told the logarithm of the noise.
Schema fourier_keys() {
  return {
      {.path = "model.time_features",
       .default_value = std::string("sinusoidal"),
       .meaning = "ve, edm: features of the time at log-spaced frequencies, or at random ones of "
                  "the logarithm of the noise (NCSN++: Song et al. 2021; of edm a quarter of it)",
       .choices = kTimeFeatures.names(),
       .needs = {{"objective.process", {"ve", "edm"}}}},
      {.path = "model.fourier_scale",
       .default_value = 16.0,
       .meaning = "standard deviation of those frequencies, in turns",
       .unit = "1 / (nat of noise)",
       .minimum = 1e-6,
       .maximum = 1e6,
       .needs = {{"model.time_features", {"fourier"}}}},
  };
}

Schema dit_keys() {
  const std::vector<Need> dit = {{"model.network", {"dit"}}};
  return {
      {.path = "model.patch_size",
       .default_value = int64_t{4},
       .meaning = "dit: images, or latents, are cut into squares of this side, a token each",
       .unit = "pixels",
       .minimum = 1,
       .maximum = 4096,
       .needs = dit},
      {.path = "model.depth",
       .default_value = int64_t{4},
       .meaning = "dit: transformer blocks",
       .minimum = 1,
       .maximum = 1024,
       .needs = dit},
      {.path = "model.width",
       .default_value = int64_t{128},
       .meaning = "dit: numbers of a token",
       .minimum = 4,
       .maximum = 65536,
       .needs = dit},
      {.path = "model.mlp_ratio",
       .default_value = 4.0,
       .meaning = "dit: hidden width of a block's perceptron over model.width",
       .minimum = 0.01,
       .maximum = 64,
       .needs = dit},
  };
}

// Of a U-Net's keys those that a DiT has too.
bool is_dits_too(const Key& key) {
  return key.path == "model.heads" || key.path == "model.time_embedding" ||
         key.path.ends_with("_time_frequency");
}

// The keys of a U-Net, of a DiT, or of a perceptron.
Schema either_network_keys() {
  const std::vector<Need> mlp = {{"model.network", {"mlp"}}};
  Schema schema = joined({network_keys(), level_keys(), time_keys()});
  for (auto& key : schema) {
    key.needs.push_back({"model.network", {"unet"}});
    if (is_dits_too(key)) key.needs.back().values.emplace_back("dit");
    if (key.path == "model.time_embedding") key.meaning += ", or 256 of a dit";
    if (key.path.ends_with("_time_frequency")) {
      key.needs.push_back({"model.time_features", {"sinusoidal"}});
    }
  }
  for (auto& key : dit_keys()) schema.push_back(std::move(key));
  schema.insert(
      schema.begin(),
      {.path = "model.network",
       .default_value = std::string("unet"),
       .meaning = "the network: a U-Net of images, a perceptron of points, or a diffusion "
                  "transformer of images (Peebles & Xie 2023)",
       .choices = {"unet", "mlp", "dit"}});
  schema.push_back({.path = std::string(kFirstStageKey),
                    .default_value = std::string(),
                    .meaning = "experiment, or file, of an autoencoder of this data set whose run "
                               "of the same seed is trained first; the process then runs on its "
                               "latents (Rombach et al. 2022); [first_stage.…] tables change its "
                               "keys",
                    .identity = false});
  schema.push_back({.path = "model.hidden_widths",
                    .default_value = std::vector<int64_t>{64, 64, 64},
                    .meaning = "mlp: widths of the hidden layers",
                    .minimum = 1,
                    .maximum = 65536,
                    .needs = mlp});
  schema.push_back({.path = "model.activation",
                    .default_value = std::string("selu"),
                    .meaning = "mlp: what follows each of them",
                    .choices = kActivations.names(),
                    .needs = mlp});
  schema.push_back(
      {.path = "model.time_frequencies",
       .default_value = int64_t{0},
       .meaning = "mlp: frequencies of the sinusoidal features of the time; 0: the time",
       .minimum = 0,
       .maximum = 4096,
       .needs = mlp});
  return schema;
}

}  // namespace

Schema ddpm_schema() {
  return joined(
      {network_keys(), level_keys(), time_keys(), ddpm_objective_keys(), ddpm_sampler_keys()});
}

Schema diffusion_schema() {
  return joined(
      {either_network_keys(), fourier_keys(), objective_keys(), sampler_keys(), condition_keys()});
}

}  // namespace assay
