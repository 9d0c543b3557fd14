// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "data/npz.h"
#include "metrics/metric.h"

namespace assay {

/// A file of tests/oracle/, made there by make_fixtures*.py and hp.py from the peers named in it.
inline nlohmann::json oracle_json(const std::string& name) {
  std::ifstream in(std::string(ASSAY_SOURCE_DIR "/tests/oracle/") + name);
  return nlohmann::json::parse(in);
}

inline NpzArrays oracle_arrays(const std::string& name) {
  return read_npz(std::string(ASSAY_SOURCE_DIR "/tests/oracle/") + name);
}

/// The message of the Error that `work` throws; empty if it throws none.
template <typename Work>
std::string refusal(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A seeded standard normal matrix [rows, columns] f64.
inline at::Tensor normal_matrix(std::uint64_t seed, std::int64_t rows, std::int64_t columns) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn({rows, columns}, generator, at::TensorOptions(at::kDouble));
}

}  // namespace assay
