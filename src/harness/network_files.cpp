// SPDX-License-Identifier: Apache-2.0
#include "harness/network_files.h"

#include <fmt/format.h>

#include <string_view>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "families/registry.h"
#include "harness/checkpoint.h"
#include "harness/state.h"
#include "nn/files/diffusers_names.h"
#include "nn/files/pytorch_names.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

fs::path file_of(const fs::path& folder, const NetworkNames& network) {
  return folder / fmt::format("{}.safetensors", network.live);
}

// The tensors below "<prefix>.", without it; they share memory with the state.
TensorMap below(std::string_view prefix, const TensorMap& state) {
  TensorMap found;
  const std::string start = fmt::format("{}.", prefix);
  for (const auto& [name, value] : state) {
    if (name.starts_with(start)) found[name.substr(start.size())] = value;
  }
  return found;
}

TensorMap scored(const NetworkNames& network, const Definition& definition,
                 const TensorMap& state) {
  const bool averaged = !network.averaged.empty() && scored_weights(definition) == "ema";
  return below(averaged ? network.averaged : network.live, state);
}

// Of a U-Net of diffusers, whose weights do not say it.
bool flips_of(const fs::path& weights, const DiffusersUNet& unet, const TensorMap& tensors) {
  const fs::path config = weights.parent_path() / "config.json";
  if (!path_exists(config)) {
    throw Error(
        fmt::format("{}: has diffusers' names, and nothing says in which order its time is "
                    "told: put its config.json beside it",
                    weights.string()));
  }
  return diffusers_flips(read_file(config), config.string(), unet, tensors);
}

void read_network(const fs::path& file, const NetworkNames& network, const Definition& definition,
                  TensorMap& state) {
  const TensorMap stored = load_safetensors(file).tensors;
  const auto diffusers_unet = family(definition.family).diffusers_unet;
  const bool theirs = diffusers_unet != nullptr && has_diffusers_names(stored);
  for (const auto prefix : {network.live, network.averaged}) {
    auto tensors = below(prefix, state);
    if (tensors.empty()) continue;
    if (theirs) {
      const bool flips = flips_of(file, diffusers_unet(definition), tensors);
      from_diffusers(stored, file.string(), flips, tensors);
    } else {
      from_pytorch(stored, file.string(), tensors);
    }
  }
}

// The folder that from_pretrained of diffusers' U-Nets reads.
std::vector<fs::path> write_diffusers(const fs::path& checkpoint, const Definition& definition,
                                      const fs::path& folder) {
  const Family& own = family(definition.family);
  if (own.diffusers_unet == nullptr) {
    throw Error(
        fmt::format("family '{}' has no network that diffusers knows; `ddpm` and "
                    "`diffusion` have",
                    own.name));
  }
  const DiffusersUNet unet = own.diffusers_unet(definition);
  const auto network = scored(own.networks.front(), definition, checkpoint_state(checkpoint));
  const auto config = diffusers_config(unet, network);
  const fs::path weights = folder / "unet" / "diffusion_pytorch_model.safetensors";
  save_safetensors(weights, to_diffusers(network), {{"format", "pt"}});
  write_file_atomically(folder / "unet" / "config.json", config);
  return {weights, folder / "unet" / "config.json"};
}

}  // namespace

std::vector<fs::path> write_networks(const fs::path& checkpoint, const Definition& definition,
                                     const fs::path& folder, WeightNames names) {
  if (names == WeightNames::kDiffusers) return write_diffusers(checkpoint, definition, folder);
  std::vector<fs::path> files;
  const auto& networks = family(definition.family).networks;
  if (networks.empty()) return files;
  const TensorMap state = checkpoint_state(checkpoint);
  for (const NetworkNames& network : networks) {
    files.push_back(file_of(folder, network));
    save_safetensors(files.back(), to_pytorch(scored(network, definition, state)),
                     {{"format", "pt"}, {"network", std::string(network.live)}});
  }
  return files;
}

std::string read_networks(const fs::path& from, const Definition& definition, Trainable& model) {
  const auto& networks = family(definition.family).networks;
  if (networks.empty()) {
    throw Error(
        fmt::format("{}: family '{}' takes no weights from elsewhere; `gan`, `ddpm` "
                    "and `diffusion` do",
                    from.string(), definition.family));
  }
  if (definition.first_stage) {
    throw Error(
        fmt::format("{}: {} decodes by a first stage, {}, which files of networks do not "
                    "hold; name a definition without model.first_stage",
                    from.string(), definition.name, definition.first_stage->name));
  }
  auto state = state_tensors(model);
  const bool folder = is_folder(from.string());
  const fs::path first = folder ? file_of(from, networks.front()) : from;
  for (const NetworkNames& network : networks) {
    const bool samples = &network == &networks.front();
    const fs::path file = samples ? first : file_of(from, network);
    if (samples || (folder && path_exists(file))) read_network(file, network, definition, state);
  }
  return sha256_of_file(first);
}

}  // namespace assay
