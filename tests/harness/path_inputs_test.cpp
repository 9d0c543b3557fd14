// SPDX-License-Identifier: Apache-2.0
#include "harness/path_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Latents are by turns (½,0) and (0,½), or there are none; a sample shows its latent as two pixels.
class Plane : public GenerativeModel {
 public:
  explicit Plane(bool has_latents) : has_latents_(has_latents) {}
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override { return {}; }
  void visit_state(StateVisitor&) override {}
  void sample(const SampleRequest&) override {}
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor&,
                                            torch::Generator) override {
    if (!has_latents_) return std::nullopt;
    return (0.5 * torch::eye(2)).repeat({count / 2, 1});
  }
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor&) override {
    return z.view({-1, 1, 1, 2});
  }

 private:
  bool has_latents_;
};

// Latents of class c are c + 1 times as long, and are decoded as that class.
class ConditionalPlane : public Plane {
 public:
  ConditionalPlane() : Plane(true) {}
  std::optional<torch::Tensor> sample_labels(std::int64_t count) override {
    return torch::arange(count, torch::kLong).remainder(3);
  }
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor& labels,
                                            torch::Generator generator) override {
    return *Plane::draw_latents(count, labels, generator) * (labels + 1).unsqueeze(1);
  }
  std::optional<torch::Tensor> decode(const torch::Tensor& z,
                                      const torch::Tensor& labels) override {
    EXPECT_TRUE(torch::allclose(z.norm(2, 1), 0.5 * (labels + 1).to(z.dtype()), 1e-5));
    return Plane::decode(z / (labels + 1).unsqueeze(1), labels);
  }
};

at::Tensor shares_of_white(const at::Tensor& images) { return images.flatten(1) / 255.0; }

TEST(Slerp, GoesAlongTheGreatCircleAtConstantSpeed) {
  const auto a = torch::tensor({{2.0, 0.0, 0.0}}, torch::kFloat64);
  const auto b = torch::tensor({{0.0, 2.0, 0.0}}, torch::kFloat64);
  for (const double t : {0.0, 0.25, 0.5, 1.0}) {
    const auto z = slerp(a, b, torch::full({1, 1}, t, torch::kFloat64));
    const double angle = t * std::numbers::pi / 2.0;
    EXPECT_NEAR(z[0][0].item<double>(), 2.0 * std::cos(angle), 1e-15);
    EXPECT_NEAR(z[0][1].item<double>(), 2.0 * std::sin(angle), 1e-15);
  }
  const auto half = torch::full({1, 1}, 0.5, torch::kFloat64);
  EXPECT_TRUE(torch::equal(slerp(a, 3.0 * a, half), 2.0 * a));
}

TEST(PathDistances, JoinLatentsOfTheClassTheyAreDecodedAs) {
  ConditionalPlane model;
  const Definition definition = small_definition();
  MetricInputs inputs;
  draw_path_distances({model, definition, 3, shares_of_white}, inputs);
  EXPECT_EQ(inputs.features.path_distances.size(0), definition.integer("eval.generated"));
}

TEST(PathDistances, AreTheSquaredSpeedAlongAQuarterOfACircle) {
  Plane model(true);
  const Definition definition = small_definition();
  MetricInputs inputs;
  draw_path_distances({model, definition, 3, shares_of_white}, inputs);
  ASSERT_EQ(inputs.features.path_distances.size(0), definition.integer("eval.generated"));
  // Radius ½ of images whose range of 2 is one unit of the features: (π/2 · ½ · ½)².
  const double speed = std::numbers::pi / 8.0;
  // Samples are f32: steps of 4e-5 in pixels of 6e-8.
  EXPECT_NEAR(inputs.features.path_distances.mean().item<double>(), speed * speed,
              2e-3 * speed * speed);
  EXPECT_NEAR(metric("ppl").compute(inputs).value, speed * speed, 5e-3 * speed * speed);
}

TEST(PathDistances, SayWhichMetricToDropWithoutLatents) {
  Plane model(false);
  const Definition definition = small_definition();
  MetricInputs inputs;
  EXPECT_THAT(
      [&] {
        draw_path_distances({model, definition, 3, shares_of_white}, inputs);
      },
      ThrowsMessage<Error>(HasSubstr("drop ppl")));
}

}  // namespace
}  // namespace assay
