// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hash_filled.h"
#include "nn/files/safetensors.h"

namespace assay {

/// Inception-v3's 566 tensors as make_fixtures2.py fills them; their names and shapes are in
/// inception_shapes.json (make_inception_shapes.py).
inline TensorMap hash_filled_inception() {
  std::ifstream in(std::string(ASSAY_SOURCE_DIR) + "/tests/oracle/inception_shapes.json");
  const auto shapes = nlohmann::json::parse(in);
  TensorMap weights;
  for (const auto& [name, sizes] : shapes.items()) {
    const auto shape = sizes.get<std::vector<std::int64_t>>();
    double scale = 0.1;
    double offset = 0.0;
    if (name.ends_with("conv.weight")) {
      scale = std::sqrt(6.0 / static_cast<double>(shape[1] * shape[2] * shape[3]));
    } else if (name.ends_with("bn.weight") || name.ends_with("running_var")) {
      scale = 0.2;
      offset = 1.0;
    } else if (name == "fc.weight") {
      scale = std::sqrt(3.0 / 2048.0);
    }
    const bool counter = name.ends_with("num_batches_tracked");
    weights[name] = counter ? at::zeros(shape, at::kLong) : hash_filled(name, shape, scale, offset);
  }
  return weights;
}

}  // namespace assay
