// SPDX-License-Identifier: Apache-2.0
#include "harness/latent_space.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/png.h"
#include "harness/runner.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

TEST(SpreadOf, IsOfTheAggregatePosterior) {
  // Means −1, 1 in the first dimension, variance ½ around each: 1 + ½.
  const Codes codes{at::tensor({-1.0f, 3.0f, 1.0f, 3.0f}).view({2, 2}),
                    at::full({2, 2}, std::log(0.5f))};
  const auto spread = spread_of(codes);
  EXPECT_NEAR(spread.centre[1].item<double>(), 3.0, 1e-6);
  EXPECT_NEAR(spread.sd[0].item<double>(), std::sqrt(1.5), 1e-6);
  EXPECT_NEAR(spread_of({codes.mu, {}}).sd[0].item<double>(), 1.0, 1e-6);
}

TEST(Traversal, MovesOneDimensionARowAndLeavesTheOthers) {
  const CodeSpread spread{at::tensor({10.0f, 20.0f, 30.0f}), at::tensor({1.0f, 2.0f, 3.0f})};
  const auto codes = traversal(at::tensor({7.0f, 8.0f, 9.0f}), spread, {2, 0}, 3);
  const auto expected = at::tensor({7.0f, 8.0f, 24.0f, 7.0f, 8.0f, 30.0f, 7.0f, 8.0f, 36.0f,  //
                                    8.0f, 8.0f, 9.0f, 10.0f, 8.0f, 9.0f, 12.0f, 8.0f, 9.0f})
                            .view({6, 3});
  EXPECT_TRUE(at::equal(codes, expected));
}

TEST(Interpolation, WalksEvenlyAndIncludesBothEnds) {
  const auto codes = interpolation(at::tensor({0.0f, 4.0f}).view({2, 1}),
                                   at::tensor({2.0f, 0.0f}).view({2, 1}), 3);
  EXPECT_TRUE(at::equal(codes.flatten(), at::tensor({0.0f, 1.0f, 2.0f, 4.0f, 2.0f, 0.0f})));
}

TEST(Manifold, LiesAtQuantilesAndGrowsRightAndUp) {
  const auto codes = manifold({at::tensor({0.0f, 5.0f}), at::tensor({1.0f, 2.0f})}, 2);
  // Φ⁻¹(¼) = −0.67449.
  const double q = 0.6744898;
  EXPECT_NEAR(codes[0][0].item<double>(), -q, 1e-5);
  EXPECT_NEAR(codes[0][1].item<double>(), 5.0 + 2.0 * q, 1e-5);
  EXPECT_NEAR(codes[3][0].item<double>(), q, 1e-5);
  EXPECT_NEAR(codes[3][1].item<double>(), 5.0 - 2.0 * q, 1e-5);
}

TEST(DimensionTable, SaysWhichDimensionsCollapsed) {
  // The first carries ±1 with unit variance, KL ½; the second is the prior.
  const Codes codes{at::tensor({-1.0f, 0.0f, 1.0f, 0.0f}).view({2, 2}), at::zeros({2, 2})};
  EXPECT_EQ(dimension_table(codes),
            "dimension,kl_to_standard_normal_nats,variance_of_means,active\n"
            "0,0.5,1,1\n"
            "1,0,0,0\n");
  EXPECT_THAT(dimension_table({codes.mu, {}}), HasSubstr("0,,1,1\n"));
}

struct Artifacts : RunObserver {
  void artifact(const Artifact& one) override { all.push_back(one); }
  std::vector<std::string> kinds_at(std::int64_t images_seen) const {
    std::vector<std::string> kinds;
    for (const auto& one : all) {
      if (one.images_seen == images_seen) kinds.push_back(one.kind);
    }
    return kinds;
  }
  std::vector<Artifact> all;
};

TEST(LatentArtifacts, AreDrawnAtTheLastEvaluationOnly) {
  const Definition definition = small_definition();
  Artifacts artifacts;
  run_experiment({definition, 1, at::kCPU, {}, {}}, artifacts, StopRequest());
  EXPECT_THAT(
      artifacts.kinds_at(640),
      UnorderedElementsAre("samples", "nearest", "examples_elbo", "reconstructions",
                           "state_tensors", "latent_dimensions", "traversals", "interpolations"));
  EXPECT_THAT(artifacts.kinds_at(256), UnorderedElementsAre("samples", "reconstructions"));
  const auto walk = std::find_if(artifacts.all.begin(), artifacts.all.end(),
                                 [](const auto& one) { return one.kind == "traversals"; });
  // Four dimensions of nine images of 16 pixels, 2 between them.
  const auto picture = decode_png(walk->bytes, "traversals");
  EXPECT_EQ(picture.size(1), 4 * 18 - 2);
  EXPECT_EQ(picture.size(2), 9 * 18 - 2);
}

TEST(LatentArtifacts, ShowTheManifoldOfTwoDimensions) {
  Definition definition = small_definition();
  definition.values.at("model.latent_dim").value = std::int64_t{2};
  Artifacts artifacts;
  run_experiment({definition, 1, at::kCPU, {}, {}}, artifacts, StopRequest());
  EXPECT_THAT(artifacts.kinds_at(640), IsSupersetOf({"manifold"}));
}

TEST(LatentArtifacts, AreOfTheFirstTwoThousandImagesInTheirOrder) {
  const Definition definition = small_definition();
  torch::manual_seed(1);
  const auto made = family("vae").make({.definition = definition, .example_shape = {1, 16, 16}});
  auto& model = dynamic_cast<GenerativeModel&>(*made);
  const auto images =
      at::randint(0, 256, {2100, 1, 16, 16}, at::detail::createCPUGenerator(1), at::kByte);
  std::vector<at::Tensor> mu, logvar;
  for (const auto& block : images.slice(0, 0, 2000).split(500)) {
    const auto codes = *model.encode({to_model_range(block), {}});
    mu.push_back(codes.mu);
    logvar.push_back(codes.logvar);
  }
  const Codes codes{at::cat(mu), at::cat(logvar)};
  const auto artifacts = latent_artifacts(model, {images, {}}, at::kCPU);
  ASSERT_EQ(artifacts.size(), 3u);
  EXPECT_EQ(artifacts[0].bytes, dimension_table(codes));
  const auto walks = interpolation(codes.mu.slice(0, 0, 16, 2), codes.mu.slice(0, 1, 16, 2), 9);
  EXPECT_EQ(artifacts[2].bytes, encode_png(image_grid(to_pixels(*model.decode(walks, {})), 9)));
}

}  // namespace
}  // namespace assay
