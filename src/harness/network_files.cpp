// SPDX-License-Identifier: Apache-2.0
#include "harness/network_files.h"

#include <fmt/format.h>

#include <string_view>

#include "core/digest.h"
#include "core/error.h"
#include "core/folder.h"
#include "families/registry.h"
#include "harness/checkpoint.h"
#include "harness/state.h"
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

void read_network(const fs::path& file, const NetworkNames& network, TensorMap& state) {
  const TensorMap stored = load_safetensors(file).tensors;
  for (const auto prefix : {network.live, network.averaged}) {
    auto tensors = below(prefix, state);
    if (!tensors.empty()) from_pytorch(stored, file.string(), tensors);
  }
}

}  // namespace

std::vector<fs::path> write_networks(const fs::path& checkpoint, const Definition& definition,
                                     const fs::path& folder) {
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
    throw Error(fmt::format("{}: family '{}' takes no weights from elsewhere; `gan` does",
                            from.string(), definition.family));
  }
  auto state = state_tensors(model);
  const bool folder = is_folder(from.string());
  const fs::path first = folder ? file_of(from, networks.front()) : from;
  for (const NetworkNames& network : networks) {
    const bool samples = &network == &networks.front();
    const fs::path file = samples ? first : file_of(from, network);
    if (samples || (folder && path_exists(file))) read_network(file, network, state);
  }
  return sha256_of_file(first);
}

}  // namespace assay
