// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace assay {

/// Numbers that the scripts in tests/oracle/ form as well (filled.py): weights, batches.
inline at::Tensor filled(at::IntArrayRef sizes, double phase, double scale = 0.6) {
  const auto count = c10::multiply_integers(sizes);
  return (scale * at::sin(1.7 * at::arange(count, at::kDouble) + phase))
      .reshape(sizes)
      .to(at::kFloat);
}

/// What a script in tests/oracle/ has written.
inline nlohmann::json oracle(const std::string& file) {
  std::ifstream in(ASSAY_SOURCE_DIR "/tests/oracle/" + file);
  return nlohmann::json::parse(in);
}

}  // namespace assay
