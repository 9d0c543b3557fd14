// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/inception_v3.h"

#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "../oracle/hash_filled_inception.h"
#include "metrics/extractors/inception_v3.h"
#include "nn/files/safetensors.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

const TensorMap& weights() {
  static const TensorMap kWeights = hash_filled_inception();
  return kWeights;
}

nlohmann::json oracle() { return oracle_json("extractor_oracle.json")["inception_structure"]; }

// Mean, Σx², first 8 and last 4 elements, as make_fixtures2.py summarises a tensor. Values are of
// order one, so absolute tolerances serve.
void expect_like(const at::Tensor& tensor, const nlohmann::json& expected, double tolerance) {
  const auto flat = tensor.to(at::kDouble).flatten();
  const double mean = expected["mean"];
  const double squares = expected["sumsq"];
  EXPECT_NEAR(flat.mean().item<double>(), mean, tolerance);
  EXPECT_NEAR(flat.square().sum().item<double>(), squares, tolerance * squares);
  for (std::int64_t i = 0; i < 8; ++i) {
    const double element = expected["first8"][static_cast<std::size_t>(i)];
    EXPECT_NEAR(flat[i].item<double>(), element, tolerance) << i;
  }
  for (std::int64_t i = 0; i < 4; ++i) {
    const double element = expected["last4"][static_cast<std::size_t>(i)];
    EXPECT_NEAR(flat[flat.size(0) - 4 + i].item<double>(), element, tolerance) << i;
  }
}

void expect_taps(const InceptionFeatures& taps, const nlohmann::json& expected, double tolerance) {
  const std::vector<std::pair<const char*, at::Tensor>> all{
      {"64", taps.pool64},     {"192", taps.pool192},   {"768", taps.pool768},
      {"2048", taps.pool2048}, {"logits", taps.logits}, {"logits_unbiased", taps.logits_unbiased}};
  for (const auto& [name, tensor] : all) {
    SCOPED_TRACE(name);
    expect_like(tensor, expected[name], tolerance);
  }
}

at::Tensor images() { return oracle_arrays("images_small.npz").at("img32"); }

TEST(InceptionV3, AgreesWithTorchFidelityAtAllTapsInDoublePrecision) {
  const c10::InferenceMode no_gradients;
  const InceptionV3 network(weights(), at::kDouble);
  // The oracle resizes in f64 and rounds its features to f32 (6e-8); our input is f32, of which the
  // last bit is 6e-8 of 1.
  const auto taps = network.forward(inception_input(images()).to(at::kDouble));
  expect_taps(taps, oracle()["torch_fidelity_float64"], 1e-6);
}

TEST(InceptionV3, AgreesWithTorchFidelityAtAllTapsInSinglePrecision) {
  const c10::InferenceMode no_gradients;
  const auto taps = InceptionV3(weights()).forward(inception_input(images()));
  // torch-fidelity's own f32 is up to 7e-6 from its f64.
  expect_taps(taps, oracle()["torch_fidelity_float64"], 1e-5);
}

TEST(InceptionV3, AgreesWithPytorchFidUnderItsResize) {
  const c10::InferenceMode no_gradients;
  const auto x = inception_input(images(), ResizeRule::kBilinear, /*unit_scaling=*/true);
  expect_like(InceptionV3(weights()).forward(x).pool2048,
              oracle()["pytorch_fid_2048(torch bilinear resize, 2x-1)"], 1e-5);
}

TEST(InceptionV3, SpatialFeaturesAreTheGraphsMixed6ConvInItsOrder) {
  const c10::InferenceMode no_gradients;
  const auto x = inception_input(images());
  expect_like(InceptionV3(weights()).forward(x).spatial, oracle_json("inception_spatial.json"),
              1e-5);
}

TEST(InceptionV3, NamesATensorThatIsMissing) {
  auto fewer = weights();
  fewer.erase("Mixed_6e.branch7x7_2.bn.bias");
  EXPECT_THAT(refusal([&] { InceptionV3 network(fewer); }),
              HasSubstr("lack 'Mixed_6e.branch7x7_2.bn.bias'"));
}

TEST(InceptionExtractor, GivesFeaturesUnbiasedLogitsAndSpatialFeatures) {
  const auto extractor = inception_v3_of(weights(), "digest");
  const auto out = extractor->extract(images());
  EXPECT_EQ(out.spatial.sizes(), (at::IntArrayRef{2, 2023}));
  expect_like(out.features, oracle()["torch_fidelity_float64"]["2048"], 1e-5);
  expect_like(out.logits, oracle()["torch_fidelity_float64"]["logits_unbiased"], 1e-5);
  EXPECT_EQ(extractor->protocol(),
            (Protocol{{"extractor", "inception-v3"},
                      {"extractor_sha256", "digest"},
                      {"resize", "tf1-bilinear 299, no half-pixel, no antialias"},
                      {"scaling", "(x - 128)/128"}}));
}

TEST(InceptionExtractor, RowsDoNotDependOnHowManyImagesThereAre) {
  const auto extractor = inception_v3_of(weights(), "digest");
  const auto pair = extractor->extract(images());
  // The second image moves to the first place, with blanks after it.
  const auto second = extractor->extract(images().narrow(0, 1, 1));
  EXPECT_TRUE(at::equal(pair.features[1], second.features[0]));
  EXPECT_TRUE(at::equal(pair.logits[1], second.logits[0]));
  EXPECT_TRUE(at::equal(pair.spatial[1], second.spatial[0]));
}

TEST(InceptionExtractor, RefusesAbsentAndOtherWeights) {
  EXPECT_THAT(
      refusal([] { make_extractor("inception-v3", {.weights = "/none.safetensors"}); }),
      HasSubstr("/none.safetensors: no such weights; `assay data fetch inception-v3` says where"));
  const auto other = std::filesystem::path(::testing::TempDir()) /
                     ("assay_inception_" + std::to_string(::getpid()) + ".safetensors");
  save_safetensors(other, {{"other", at::zeros({1})}});
  EXPECT_THAT(
      refusal([&] { make_extractor("inception-v3", {.weights = other}); }),
      HasSubstr("instead of 6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
                ": these are other weights"));
  std::filesystem::remove(other);
}

TEST(InceptionInput, IsOneHundredAndTwentyEighths) {
  const auto flat = inception_input(at::full({1, 1, 5, 9}, 192, at::kByte));
  EXPECT_TRUE(at::equal(flat, at::full({1, 3, 299, 299}, 0.5F)));
}

}  // namespace
}  // namespace assay
