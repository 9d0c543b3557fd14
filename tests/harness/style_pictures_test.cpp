// SPDX-License-Identifier: Apache-2.0
#include "harness/style_pictures.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "data/png.h"
#include "families/registry.h"
#include "families/styled.h"
#include "harness/runner.h"

namespace assay {
namespace {

constexpr std::int64_t kLayers = 10;

struct Plain : GenerativeModel {
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override { return {}; }
  void visit_state(StateVisitor&) override {}
  void sample(const SampleRequest&) override {}
};

/// The n-th latent is n; each layer's style is the latent; an image is a row of its ten styles,
/// each shown as a grey of 20 · n.
struct Greys : Plain, StyledModel {
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor&,
                                            torch::Generator generator) override {
    drawn = at::rand({1}, generator).item<double>();
    return at::arange(count, at::kFloat).unsqueeze(1);
  }
  std::optional<torch::Tensor> styles_of(const torch::Tensor& z, const torch::Tensor&) override {
    if (one_part) return std::nullopt;
    return z.unsqueeze(1).expand({-1, kLayers, -1});
  }
  torch::Tensor images_of_styles(const torch::Tensor& w) override {
    return (w.reshape({-1, 1, 1, kLayers}) * 20.0 / 127.5 - 1.0).clone();
  }
  bool one_part = false;
  double drawn = 0.0;
};

TEST(StyleLayerGroups, AreThoseOfThePaper) {
  const auto ends = [](std::int64_t layers) {
    std::vector<std::int64_t> all;
    for (const auto& group : style_layer_groups(layers)) {
      EXPECT_EQ(group.first, all.empty() ? 0 : all.back());
      all.push_back(group.last);
    }
    return all;
  };
  // 1024×1024: two layers a side, 4² to 8², 16² to 32², 64² to 1024² (fig. 3's caption).
  EXPECT_EQ(ends(18), (std::vector<std::int64_t>{4, 8, 18}));
  EXPECT_EQ(ends(8), (std::vector<std::int64_t>{4, 8}));
  EXPECT_EQ(ends(6), (std::vector<std::int64_t>{3, 6}));
  EXPECT_EQ(ends(4), (std::vector<std::int64_t>{2, 4}));
}

TEST(StyleMixingPicture, HasLayersOfEachBInEachA) {
  Greys model;
  const auto generator = at::detail::createCPUGenerator(5);
  const auto artifact = style_mixing_picture(model, generator);
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->kind, "style_mixing");
  EXPECT_EQ(artifact->mime, "image/png");
  const auto picture = decode_png(artifact->bytes, "here")[0].to(at::kLong);
  // Ten rows, that of the sources B and three for each of three groups, of seven 1×10 images.
  ASSERT_EQ(picture.sizes(), (at::IntArrayRef{10 * 3 - 2, 7 * 12 - 2}));
  const auto styles_at = [&](std::int64_t row, std::int64_t column) {
    return picture[3 * row].slice(0, 12 * column, 12 * column + 10);
  };
  EXPECT_TRUE(styles_at(0, 0).eq(255).all().item<bool>());
  const std::vector<std::int64_t> starts = {0, 4, 8}, ends = {4, 8, 10};
  for (std::int64_t b = 0; b < 6; ++b) {
    EXPECT_TRUE(styles_at(0, 1 + b).eq(20 * (3 + b)).all().item<bool>()) << b;
    for (std::int64_t row = 0; row < 9; ++row) {
      const std::int64_t a = row % 3;
      const auto group = static_cast<std::size_t>(row / 3);
      EXPECT_TRUE(styles_at(1 + row, 0).eq(20 * a).all().item<bool>()) << row;
      for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const bool of_b = layer >= starts[group] && layer < ends[group];
        EXPECT_EQ(styles_at(1 + row, 1 + b)[layer].item<std::int64_t>(), 20 * (of_b ? 3 + b : a))
            << row << " " << b << " " << layer;
      }
    }
  }
}

TEST(StyleMixingPicture, LeavesItsGeneratorAloneAndIsTheSameAgain) {
  Greys model;
  auto generator = at::detail::createCPUGenerator(5);
  const auto first = style_mixing_picture(model, generator)->bytes;
  const double drawn = model.drawn;
  EXPECT_EQ(style_mixing_picture(model, generator)->bytes, first);
  EXPECT_EQ(model.drawn, drawn);
}

TEST(StyleMixingPicture, IsOfModelsWithStyles) {
  const auto generator = at::detail::createCPUGenerator(5);
  Plain plain;
  EXPECT_FALSE(style_mixing_picture(plain, generator));
  Greys one_part;
  one_part.one_part = true;
  EXPECT_FALSE(style_mixing_picture(one_part, generator));
}

struct Kinds : RunObserver {
  void artifact(const Artifact& one) override { at[one.images_seen].push_back(one.kind); }
  std::map<std::int64_t, std::vector<std::string>> at;
};

TEST(StyleMixingPicture, IsLeftByTheLastEvaluationOfAStyleGan) {
  const auto definition = resolve_text(R"(
family = "gan"
dataset = {name = "generated_images", size = 8, count = 64}
train = {batch_size = 8, images = 16}
eval = {metrics = ["fd"], extractor = "pixels", generated = 16, reference_count = 16, every_images = 8}
[model]
network = "stylegan2"
latent_dim = 4
style_dim = 8
mapping_layers = 2
style_channel_base = 64
style_channel_max = 8
)",
                                       "small.toml", family_schema, {});
  Kinds kinds;
  run_experiment({definition, 1, at::kCPU, {}, {}}, kinds, StopRequest());
  EXPECT_THAT(kinds.at[16], testing::Contains("style_mixing"));
  EXPECT_THAT(kinds.at[8], testing::Not(testing::Contains("style_mixing")));
}

}  // namespace
}  // namespace assay
