// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/families/small_model.h"

namespace assay {

/// Numbers that the scripts in tests/oracle/ form as well: weights, batches.
inline torch::Tensor filled(at::IntArrayRef sizes, double phase, double scale = 0.6) {
  const auto count = c10::multiply_integers(sizes);
  return (scale * torch::sin(1.7 * torch::arange(count, torch::kDouble) + phase))
      .reshape(sizes)
      .to(torch::kFloat);
}

/// Σ|w| over all weights below "<network>.".
inline double size_of_weights(const State& state, const std::string& network) {
  double sum = 0.0;
  for (const auto& [name, value] : state) {
    if (!name.starts_with(network + ".") || !value.requires_grad()) continue;
    sum += value.detach().to(torch::kDouble).abs().sum().item<double>();
  }
  return sum;
}

/// What a script in tests/oracle/ has written.
inline nlohmann::json oracle(const std::string& file) {
  std::ifstream in(ASSAY_SOURCE_DIR "/tests/oracle/" + file);
  return nlohmann::json::parse(in);
}

}  // namespace assay
