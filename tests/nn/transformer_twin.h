// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>
#include <string>
#include <vector>

#include "tests/oracle/filled.h"

namespace assay {

/// The weights of tests/oracle/make_transformer_oracle.py, in the order of their names.
inline void fill(torch::nn::Module& network) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, torch::Tensor> sorted;
  for (const auto& item : network.named_parameters()) sorted[item.key()] = item.value();
  double phase = 0.0;
  for (auto& [name, parameter] : sorted) {
    parameter.copy_(filled(parameter.sizes(), phase++, 0.2));
  }
}

inline void expect_values(const torch::Tensor& values, const nlohmann::json& right) {
  const auto expected = torch::tensor(right.get<std::vector<double>>());
  ASSERT_EQ(values.numel(), expected.numel());
  // A dozen layers in f32, each of which rounds to 1e-7 of what it sums.
  const auto error = (values.flatten() - expected).abs().max().item<double>();
  EXPECT_LT(error, 1e-5 * expected.abs().max().item<double>());
}

/// Outputs y, and gradients of inputs, as the script has them under `name`.
inline void expect_twin(const std::string& name, const torch::Tensor& y,
                        const std::vector<torch::Tensor>& inputs) {
  const auto expected = oracle("transformer_oracle.json").at(name);
  expect_values(y.detach(), expected.at("output"));
  (y * filled(y.sizes(), 3.0)).sum().backward();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    expect_values(inputs[i].grad(), expected.at("gradients").at(i));
  }
}

}  // namespace assay
