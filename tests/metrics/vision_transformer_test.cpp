// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/vision_transformer.h"

#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "../oracle/hash_filled.h"
#include "metrics/extractors/vision_transformers.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// `filled` of make_vit_oracle.py.
at::Tensor filled(const std::string& name, const std::vector<std::int64_t>& shape) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (name.ends_with("lambda1")) return hash_filled(name, shape, 0.5, 1.0);
  if (has("norm") || has("layrnorm")) {
    return hash_filled(name, shape, 0.1, name.ends_with("weight") ? 1.0 : 0.0);
  }
  if (has("token") || has("position") || has("class")) return hash_filled(name, shape, 0.5);
  if (name.ends_with("bias")) return hash_filled(name, shape, 0.1);
  double fan_in = 1.0;
  for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
  return hash_filled(name, shape, std::sqrt(3.0 / fan_in));
}

struct Case {
  explicit Case(const std::string& name) {
    const auto oracle = oracle_json("vit_oracle.json")[name];
    shape = {.image_size = oracle["size"], .heads = oracle["heads"]};
    shape.position_offset = oracle.value("position_offset", 0.0);
    for (const auto& [tensor, sizes] : oracle["shapes"].items()) {
      weights[tensor] = filled(tensor, sizes.get<std::vector<std::int64_t>>());
    }
    images = hash_filled("images" + std::to_string(shape.image_size),
                         {2, 3, shape.image_size, shape.image_size}, 2.0);
    for (const auto& row : oracle["features"]) {
      features.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
    }
  }

  // Largest distance from the oracle; features are of order one.
  double error_of(const VisionTransformer& network, at::ScalarType precision) const {
    const c10::InferenceMode no_gradients;
    const auto ours = network.forward(images.to(precision)).to(at::kDouble);
    return (ours - at::stack(features)).abs().max().item<double>();
  }

  VisionTransformerShape shape;
  TensorMap weights;
  at::Tensor images;
  std::vector<at::Tensor> features;
};

class Dinov2 : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Cases, Dinov2,
                         ::testing::Values("dinov2_same_grid", "dinov2_other_grid",
                                           "dinov2_other_grid_offset", "dinov2_small"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(Dinov2, AgreesWithTransformers) {
  const Case oracle(GetParam());
  // transformers interpolates positions in f32 even in an f64 model: 6e-8 of each.
  EXPECT_LT(oracle.error_of(VisionTransformer::dinov2(oracle.weights, oracle.shape, at::kDouble),
                            at::kDouble),
            2e-6);
  EXPECT_LT(oracle.error_of(VisionTransformer::dinov2(oracle.weights, oracle.shape), at::kFloat),
            2e-5);
}

class Clip : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Cases, Clip, ::testing::Values("clip_two_layers", "clip_base_patch32"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(Clip, AgreesWithTransformers) {
  const Case oracle(GetParam());
  EXPECT_LT(oracle.error_of(VisionTransformer::clip(oracle.weights, oracle.shape, at::kDouble),
                            at::kDouble),
            1e-9);
  EXPECT_LT(oracle.error_of(VisionTransformer::clip(oracle.weights, oracle.shape), at::kFloat),
            2e-5);
}

TEST(VisionTransformers, NameATensorThatIsMissing) {
  Case oracle("clip_two_layers");
  oracle.weights.erase("vision_model.encoder.layers.1.mlp.fc2.bias");
  EXPECT_THAT(refusal([&] { VisionTransformer::clip(oracle.weights, oracle.shape); }),
              HasSubstr("lack 'vision_model.encoder.layers.1.mlp.fc2.bias'"));
  EXPECT_THAT(refusal([&] { VisionTransformer::dinov2(oracle.weights, oracle.shape); }),
              HasSubstr("are they of another model?"));
}

TEST(TransformerExtractor, NormalisesEachChannelByItsModelsMeanAndDeviation) {
  const auto grey = at::full({1, 1, 10, 14}, 51, at::kByte);  // 0.2
  const auto dino = transformer_input(grey, ResizeRule::kPilBicubic, /*clip=*/false);
  ASSERT_EQ(dino.sizes(), (at::IntArrayRef{1, 3, 224, 224}));
  EXPECT_NEAR(dino[0][0][5][6].item<double>(), (0.2 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(dino[0][2][5][6].item<double>(), (0.2 - 0.406) / 0.225, 1e-5);
  const auto clip = transformer_input(grey, ResizeRule::kPilBicubic, /*clip=*/true);
  EXPECT_NEAR(clip[0][1][5][6].item<double>(), (0.2 - 0.4578275) / 0.26130258, 1e-5);
}

TEST(TransformerExtractor, RowsDoNotDependOnHowManyImagesThereAre) {
  const Case oracle("dinov2_small");
  const auto extractor =
      transformer_of(kDinov2Small, oracle.weights, "digest", ResizeRule::kPilBicubic);
  const auto images = oracle_arrays("images_small.npz").at("img32");
  const auto pair = extractor->extract(images).features;
  EXPECT_EQ(pair.sizes(), (at::IntArrayRef{2, 384}));
  EXPECT_TRUE(at::equal(extractor->extract(images.narrow(0, 1, 1)).features[0], pair[1]));
  EXPECT_EQ(extractor->protocol(),
            (Protocol{{"extractor", "dinov2-vits14"},
                      {"extractor_sha256", "digest"},
                      {"resize", "pil-bicubic 224, half-pixel, antialias, clipped, not rounded"}}));
}

TEST(TransformerExtractor, RefusesAbsentWeightsAndThoseOfAnotherModel) {
  for (const auto* name : {"dinov2-vits14", "dinov2-vitb14", "clip-vit-b32"}) {
    EXPECT_THAT(
        refusal([&] { make_extractor(name, {.weights = "/none.safetensors"}); }),
        HasSubstr("/none.safetensors: no such weights; `assay data fetch " + std::string(name)));
  }
  const Case small("dinov2_same_grid");
  EXPECT_THAT(
      refusal([&] { transformer_of(kDinov2Base, small.weights, "", ResizeRule::kPilBicubic); }),
      HasSubstr("2 layers of width 32, not 12 of 768"));
}

}  // namespace
}  // namespace assay
