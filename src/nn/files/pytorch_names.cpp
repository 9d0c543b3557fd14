// SPDX-License-Identifier: Apache-2.0
#include "nn/files/pytorch_names.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace assay {
namespace {

// What PyTorch calls a tensor of ours, and whether it keeps the square.
struct PyTorchName {
  std::string name;
  bool square = false;
};

std::pair<std::string, std::string> split(const std::string& name) {
  const auto dot = name.rfind('.');
  const auto begin = dot == std::string::npos ? 0 : dot + 1;
  return {name.substr(0, begin), name.substr(begin)};
}

PyTorchName pytorch_name(const std::string& ours, const TensorMap& network) {
  const auto [module, last] = split(ours);
  if (last == "running_deviation") return {module + "running_var", true};
  // torch.nn.utils.spectral_norm: the weight as it is learned, and its singular vectors.
  const auto has = [&, &in = module](const char* name) { return network.contains(in + name); };
  if (has("u") && has("v") && has("weight")) {
    if (last == "weight") return {module + "weight_orig"};
    if (last == "u" || last == "v") return {module + "weight_" + last};
  }
  return {ours};
}

std::string describe(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", tensor.dtype().name(), fmt::join(tensor.sizes(), ","));
}

void check(const at::Tensor& stored, const at::Tensor& ours, const std::string& name,
           const std::string& label) {
  if (stored.sizes() == ours.sizes() && stored.dtype() == ours.dtype()) return;
  throw Error(fmt::format("{}: '{}' is {}, the network has {}", label, name, describe(stored),
                          describe(ours)),
              ExitCode::kDamaged);
}

}  // namespace

TensorMap to_pytorch(const TensorMap& network) {
  TensorMap stored;
  for (const auto& [ours, value] : network) {
    const auto [name, square] = pytorch_name(ours, network);
    stored[name] = square ? value.square() : value;
  }
  return stored;
}

void from_pytorch(const TensorMap& stored, const std::string& label, TensorMap& network) {
  std::vector<std::pair<at::Tensor*, at::Tensor>> copies;
  TensorMap left = stored;
  for (auto& [ours, value] : network) {
    const auto [name, square] = pytorch_name(ours, network);
    const auto found = left.find(name);
    // Batch normalisation counts its passes for a momentum that no network here has.
    if (found == left.end() && split(name).second == "num_batches_tracked") continue;
    if (found == left.end()) {
      throw Error(fmt::format("{}: lacks '{}' of this network", label, name), ExitCode::kDamaged);
    }
    check(found->second, value, name, label);
    copies.emplace_back(&value, square ? found->second.sqrt() : found->second);
    left.erase(found);
  }
  if (!left.empty()) {
    throw Error(fmt::format("{}: holds '{}', which this network lacks", label, left.begin()->first),
                ExitCode::kDamaged);
  }
  const at::NoGradGuard no_grad;
  for (auto& [to, from] : copies) to->copy_(from);
}

}  // namespace assay
