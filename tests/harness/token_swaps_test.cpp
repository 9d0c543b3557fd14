// SPDX-License-Identifier: Apache-2.0
#include "harness/token_swaps.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "data/batch_stream.h"
#include "data/png.h"
#include "data/shapes.h"
#include "harness/evaluation_inputs.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

/// Its pictures are one pixel a token, whose grey is the value: what was asked can be read.
struct Writing : TokenModel {
  std::vector<std::int64_t> token_sizes() const override { return sizes; }
  torch::Tensor sample_tokens(std::int64_t count) const override {
    std::vector<torch::Tensor> columns;
    for (const auto size : sizes) columns.push_back(at::arange(count).remainder(size));
    return at::stack(columns, 1);
  }
  torch::Tensor sample_of_tokens(const torch::Tensor& values, torch::Generator generator) override {
    draws.push_back(at::rand({1}, generator).item<double>());
    const auto pixels = values.to(at::kFloat) / 127.5 - 1.0;
    return points ? pixels : pixels.view({values.size(0), 1, 1, values.size(1)});
  }
  std::vector<std::int64_t> sizes;
  bool points = false;
  std::vector<double> draws;
};

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

// Of two tokens of 10 and 3 values: four others of the first, 2, 4, 6 and 8 on, both of the second.
TEST(TokenSwaps, ChangeOneTokenAColumnAndKeepTheNoise) {
  Writing model;
  model.sizes = {10, 3};
  const auto generator = seeded(1);
  const auto before = generator.get_state().clone();
  const auto picture = token_swaps_picture(model, generator);
  ASSERT_TRUE(picture.has_value());
  EXPECT_EQ(picture->kind, "token_swaps");
  std::vector<at::Tensor> images;
  for (std::int64_t i = 0; i < 6; ++i) {
    for (const auto& [a, b] :
         std::vector<std::pair<int, int>>{{0, 0}, {2, 0}, {4, 0}, {6, 0}, {8, 0}, {0, 1}, {0, 2}}) {
      images.push_back(at::tensor({(i + a) % 10, (i + b) % 3}, at::kByte).view({1, 1, 2}));
    }
  }
  EXPECT_TRUE(at::equal(decode_png(picture->bytes, "here"), image_grid(at::stack(images), 7)));
  ASSERT_EQ(model.draws.size(), 7U);
  for (const double draw : model.draws) EXPECT_EQ(draw, model.draws.front());
  EXPECT_TRUE(at::equal(generator.get_state(), before));
}

TEST(TokenSwaps, OfOneTokenShowAllItsValues) {
  Writing model;
  model.sizes = {10};
  const auto picture = token_swaps_picture(model, seeded(1));
  ASSERT_TRUE(picture.has_value());
  ASSERT_EQ(model.draws.size(), 10U);
  const auto values = (at::arange(6).view({6, 1}) + at::arange(10)).remainder(10);
  const auto images = values.flatten().to(at::kByte).view({60, 1, 1, 1});
  EXPECT_TRUE(at::equal(decode_png(picture->bytes, "here"), image_grid(images, 10)));
}

TEST(TokenSwaps, AreNotOfOtherModelsNorOfPoints) {
  Writing model;
  EXPECT_FALSE(token_swaps_picture(model, seeded(1)).has_value());
  model.sizes = {2, 2};
  model.points = true;
  EXPECT_FALSE(token_swaps_picture(model, seeded(1)).has_value());
}

TEST(Attributes, AreReadOfWhatSamplesShow) {
  Writing model;
  for (const Factor& factor : shape_factors()) model.sizes.push_back(factor.size);
  Definition definition = small_definition();
  definition.values.at("dataset.name").value = std::string("shapes");
  const Dataset dataset;
  const EvaluationInputs drawer(definition, 0, dataset, {});
  auto shown = model.sample_tokens(5);
  MetricInputs inputs;
  drawer.read_attributes(model, draw_shapes(shown, 32), inputs);
  EXPECT_EQ(metric("attribute_accuracy").compute(inputs).value, 1.0);
  // One of 5 · 6 attributes is another than was asked for; the sd of 5/6, 1, 1, 1, 1 over √5.
  shown[0][0] = 4;
  drawer.read_attributes(model, draw_shapes(shown, 32), inputs);
  const MetricValue score = metric("attribute_accuracy").compute(inputs);
  EXPECT_DOUBLE_EQ(score.value, 29.0 / 30.0);
  EXPECT_NEAR(score.standard_error, 1.0 / 30.0, 1e-12);
}

}  // namespace
}  // namespace assay
