// SPDX-License-Identifier: Apache-2.0
#include "harness/noise_pictures.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/png.h"
#include "families/registry.h"
#include "harness/state.h"

namespace assay {
namespace {

/// Every image is its row's number over its column's: what is shown can be counted.
struct Counting : NoisingModel {
  torch::Tensor snr_curve(std::int64_t count) const override {
    asked_times = count;
    return at::tensor({0.25, 1.5, 1.0, -std::numeric_limits<double>::infinity()}, at::kDouble)
        .view({2, 2});
  }
  torch::Tensor noised_strips(const torch::Tensor& examples, std::int64_t columns,
                              torch::Generator) const override {
    return examples.unsqueeze(1).repeat({1, columns, 1, 1, 1});
  }
  std::optional<torch::Tensor> denoised_strips(std::int64_t count, std::int64_t columns,
                                               torch::Generator) override {
    if (!steps) return std::nullopt;
    return at::full({count, columns, 1, 2, 2}, 3.0);
  }
  std::optional<torch::Tensor> bound_terms(const Batch& examples, std::int64_t,
                                           torch::Generator) override {
    if (!steps) return std::nullopt;
    return at::tensor({0.0, static_cast<double>(examples.images.size(0)), 4.0, 0.125}, at::kDouble)
        .view({2, 2});
  }
  mutable std::int64_t asked_times = 0;
  bool steps = true;
};

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

TEST(NoiseArtifacts, AreTablesAndStripsOfTheFirstExamples) {
  Counting model;
  const auto images = at::arange(20 * 4).to(at::kByte).view({20, 1, 2, 2});
  const auto all = noise_artifacts(model, {images, {}}, at::kCPU, seeded(1));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].kind, "snr_curve");
  EXPECT_EQ(all[0].mime, "text/csv");
  EXPECT_EQ(all[0].bytes, "t,log_snr\n0.25,1.5\n1,-inf\n");
  EXPECT_EQ(model.asked_times, 33);
  EXPECT_EQ(all[1].kind, "bound_terms");
  EXPECT_EQ(all[1].bytes, "timestep,bits_per_dim\n0,16\n4,0.125\n");
  EXPECT_EQ(all[2].kind, "noising");
  const auto rows = images.slice(0, 0, 6).repeat_interleave(10, 0);
  EXPECT_TRUE(at::equal(decode_png(all[2].bytes, "here"), image_grid(rows, 10)));
  EXPECT_EQ(all[3].kind, "denoising");
  const auto white = at::full({60, 1, 2, 2}, 255, at::kByte);  // beyond 1: clamped
  EXPECT_TRUE(at::equal(decode_png(all[3].bytes, "here"), image_grid(white, 10)));
}

TEST(NoiseArtifacts, AreFewerOfPointsAndWithoutSteps) {
  Counting model;
  EXPECT_EQ(noise_artifacts(model, {at::zeros({20, 2}), {}}, at::kCPU, seeded(1)).size(), 2U);
  model.steps = false;
  const auto images = at::zeros({20, 1, 2, 2}, at::kByte);
  const auto all = noise_artifacts(model, {images, {}}, at::kCPU, seeded(1));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].kind, "noising");
}

// What is shown moves neither the training state nor the generator that it was given.
TEST(NoiseArtifacts, LeaveStateAndGeneratorAlone) {
  const auto definition = resolve_text(
      "family = 'ddpm'\nmodel.base_channels = 8\nmodel.multipliers = [1, 2]\nema.decay = 0.9\n"
      "objective.timesteps = 30\nsampler.steps = 3\n",
      "here.toml", family_schema, {});
  torch::manual_seed(1);
  const auto model = family("ddpm").make({.definition = definition, .example_shape = {1, 8, 8}});
  const auto before = state_hash(*model);
  const auto noise = seeded(1), same = seeded(1);
  const auto images = at::randint(0, 256, {20, 1, 8, 8}, seeded(2), at::kByte);
  auto& noising = dynamic_cast<NoisingModel&>(*model);
  const auto all = noise_artifacts(noising, {images, {}}, at::kCPU, noise);
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(state_hash(*model), before);
  EXPECT_TRUE(at::equal(noise.get_state(), same.get_state()));
}

}  // namespace
}  // namespace assay
