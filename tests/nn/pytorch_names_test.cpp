// SPDX-License-Identifier: Apache-2.0
#include "nn/files/pytorch_names.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(const TensorMap& tensors) {
  std::vector<std::string> all;
  for (const auto& [name, value] : tensors) all.push_back(name);
  return all;
}

std::string refusal(const TensorMap& stored, TensorMap network) {
  try {
    from_pytorch(stored, "G.safetensors", network);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kDamaged);
    return error.what();
  }
  return "";
}

TEST(PyTorchNames, AreOursButForSpectralNormAndAveragedDeviations) {
  const TensorMap ours = {{"0.weight", at::full({2, 2}, 1.0)},
                          {"1.weight", at::full({2, 3}, 2.0)},
                          {"1.u", at::full({2}, 3.0)},
                          {"1.v", at::full({3}, 4.0)},
                          {"2.running_deviation", at::full({2}, 1.5)},
                          {"3.u", at::full({1}, 6.0)}};
  const TensorMap theirs = to_pytorch(ours);
  EXPECT_THAT(names(theirs), ElementsAre("0.weight", "1.weight_orig", "1.weight_u", "1.weight_v",
                                         "2.running_var", "3.u"));
  EXPECT_EQ(theirs.at("1.weight_orig")[0][0].item<float>(), 2.0F);
  EXPECT_EQ(theirs.at("1.weight_v")[0].item<float>(), 4.0F);
  // A standard deviation of 1.5 is a variance of 2.25.
  EXPECT_EQ(theirs.at("2.running_var")[0].item<float>(), 2.25F);
}

TEST(PyTorchNames, ComeBackToTheSameNumbers) {
  const TensorMap ours = {{"a.weight", at::rand({2, 3})},
                          {"a.u", at::rand({2})},
                          {"a.v", at::rand({3})},
                          {"b.running_deviation", at::rand({100}) + 0.1}};
  TensorMap back;
  for (const auto& [name, value] : ours) back[name] = at::zeros_like(value);
  from_pytorch(to_pytorch(ours), "G.safetensors", back);
  for (const auto& [name, value] : ours) EXPECT_TRUE(back.at(name).equal(value)) << name;
}

// ci/convert_weights.py leaves them out.
TEST(PyTorchNames, MayLackTheCountersOfBatchNormalisation) {
  TensorMap ours = {{"1.bias", at::zeros({2})},
                    {"1.num_batches_tracked", at::zeros({}, at::kLong)}};
  from_pytorch({{"1.bias", at::ones({2})}}, "G.safetensors", ours);
  EXPECT_EQ(ours.at("1.bias").sum().item<float>(), 2.0F);
}

TEST(PyTorchNames, RefuseByNameWhatMissesIsLeftOverOrDiffers) {
  const TensorMap ours = {{"0.weight", at::zeros({2, 3})}, {"0.bias", at::zeros({2})}};
  const auto weight = at::ones({2, 3}), bias = at::ones({2});
  EXPECT_THAT(refusal({{"0.weight", weight}}, ours),
              HasSubstr("G.safetensors: lacks '0.bias' of this network"));
  EXPECT_THAT(refusal({{"0.weight", weight}, {"0.bias", bias}, {"1.bias", bias}}, ours),
              HasSubstr("holds '1.bias', which this network lacks"));
  EXPECT_THAT(refusal({{"0.weight", weight.t()}, {"0.bias", bias}}, ours),
              HasSubstr("'0.weight' is float [3,2], the network has float [2,3]"));
  EXPECT_THAT(refusal({{"0.weight", weight.to(at::kHalf)}, {"0.bias", bias}}, ours),
              HasSubstr("[2,3], the network has float [2,3]"));
  EXPECT_EQ(ours.at("0.weight").sum().item<float>(), 0.0F) << "nothing is changed by a refusal";
}

}  // namespace
}  // namespace assay
