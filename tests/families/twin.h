// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/families/small_model.h"
#include "tests/oracle/filled.h"

namespace assay {

/// Σ|w| over all weights below "<network>.".
inline double size_of_weights(const State& state, const std::string& network) {
  double sum = 0.0;
  for (const auto& [name, value] : state) {
    if (!name.starts_with(network + ".") || !value.requires_grad()) continue;
    sum += value.detach().to(torch::kDouble).abs().sum().item<double>();
  }
  return sum;
}

}  // namespace assay
