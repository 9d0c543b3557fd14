// SPDX-License-Identifier: Apache-2.0
#include "harness/code_inputs.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "data/split.h"
#include "harness/environment.h"
#include "metrics/codes/code_rate.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

void ignore(std::string_view, std::int64_t, std::int64_t) {}

// The first Z of an image's values are its code; the others are decoded as 0. Without an encoder
// where Z is 0.
class FirstValues : public GenerativeModel {
 public:
  explicit FirstValues(std::int64_t kept) : kept_(kept) {}
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override { return {}; }
  void visit_state(StateVisitor&) override {}
  void sample(const SampleRequest&) override {}
  std::optional<Codes> encode(const Batch& batch) override {
    if (kept_ == 0) return std::nullopt;
    return Codes{batch.images.flatten(1).slice(1, 0, kept_), {}};
  }
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor&) override {
    if (kept_ == 0) return std::nullopt;
    return at::constant_pad_nd(z, {0, 16 - kept_}).view({-1, 1, 4, 4});
  }
  std::optional<torch::Tensor> reconstruct(const Batch& batch) override {
    seen = batch.images;
    return decode(batch.images.flatten(1).slice(1, 0, kept_), {});
  }
  std::optional<torch::Tensor> jacobian_norms(const Batch& batch) override {
    if (kept_ == 0) return std::nullopt;
    return torch::full({batch.images.size(0)}, std::sqrt(static_cast<double>(kept_)));
  }

  torch::Tensor seen;

 private:
  std::int64_t kept_;
};

// 3,000 images of 4×4 uniformly random values.
DataSplit random_images() {
  const auto generator = make_generator(torch::kCPU, 1, "test");
  const auto images = at::randint(256, {3000, 1, 4, 4}, generator, at::kLong).to(at::kByte);
  return make_split(images, at::arange(3000).remainder(3));
}

class CodeInputs : public testing::Test {
 protected:
  CodeSource source(GenerativeModel& model) {
    return {model, definition, split, {split.images, split.labels}, torch::kCPU, progress};
  }
  at::Tensor codes_of(FirstValues& model) {
    return model.encode({to_model_range(split.images), {}})->mu;
  }
  Definition definition = small_definition();
  DataSplit split = random_images();
  EvaluationProgress progress = ignore;
  MetricInputs inputs;
};

TEST_F(CodeInputs, RateIsThatOfUniformCodesWithTheStepThatBennettsFormulaGives) {
  FirstValues model(4);
  inputs.options["code_rate.tolerance"] = 0.001;
  inputs.codes.means = codes_of(model);
  draw_distortions(source(model), inputs);
  // On the scale 0 to 1, twelve of sixteen values uniform on ±½ are lost: 12/16 · 1/12.
  EXPECT_NEAR(inputs.codes.distortions[0][1].item<double>(), 0.0625, 0.001);
  // Quantising adds Δ²/12/4 to a quarter of the values, so Δ² = 0.001 · 0.0625 · 192.
  const double step = std::sqrt(0.012);
  EXPECT_NEAR(allowed_step(inputs.codes.distortions, 0.001), step, 0.05 * step);
  // 4 units, uniform on an interval of length 2.
  EXPECT_NEAR(metric("code_rate").compute(inputs).value, 4.0 * std::log2(2.0 / step), 0.4);
}

TEST_F(CodeInputs, CodesThatAreAllAlikeCostNothing) {
  split = make_split(at::full({10, 1, 4, 4}, 70, at::kByte), at::Tensor());
  FirstValues model(4);
  inputs.codes.means = codes_of(model);
  draw_distortions(source(model), inputs);
  EXPECT_EQ(metric("code_rate").compute(inputs).value, 0.0);
}

TEST_F(CodeInputs, NoiseIsOfTheAskedLevelAndTheSameForEveryModel) {
  split.images = at::full({3000, 1, 4, 4}, 128, at::kByte);
  FirstValues keeps_all(16), keeps_less(3);
  draw_noisy_reconstructions(source(keeps_all), inputs);
  const auto noise = (keeps_all.seen - 1.0 / 255.0).to(at::kDouble);
  // 500 images of the last block: 8,000 values, ± 0.0056 and 0.004.
  EXPECT_NEAR(noise.mean().item<double>(), 0.0, 0.03);
  EXPECT_NEAR(noise.std().item<double>(), 0.5, 0.02);
  MetricInputs again;
  draw_noisy_reconstructions(source(keeps_less), again);
  EXPECT_TRUE(at::equal(keeps_all.seen, keeps_less.seen));
  EXPECT_TRUE(at::equal(inputs.images.originals, split.images));
  // What keeps everything returns the noise, clipped: with s = 0.5 and c = 1 standing for 2 s,
  // E min(ε², c²) = s² (1 − 2 · 2 φ(2) + 2 (4 − 1) Q(2)) = 0.25 · 0.92054.
  const double phi = std::exp(-2.0) / std::sqrt(2.0 * M_PI), q = 0.5 * std::erfc(std::sqrt(2.0));
  const double mse = 0.25 * (1.0 - 4.0 * phi + 6.0 * q) / 4.0;
  const auto error = (inputs.images.noisy_reconstructions.to(at::kDouble) - 128.0) / 255.0;
  EXPECT_NEAR(error.square().mean().item<double>(), mse, 0.02 * mse);
}

TEST_F(CodeInputs, NoiseOfOtherKindsOverwritesItsShare) {
  split.images = at::full({1000, 1, 4, 4}, 128, at::kByte);
  FirstValues model(16);
  definition.values.at("eval.noise_level").value = 0.25;
  for (const std::string kind : {"masking", "salt_and_pepper"}) {
    definition.values.at("eval.noise").value = kind;
    draw_noisy_reconstructions(source(model), inputs);
    const auto kept = (inputs.images.noisy_reconstructions == 128).to(at::kDouble).mean();
    EXPECT_NEAR(kept.item<double>(), 0.75, 0.02) << kind;
    const auto white = (inputs.images.noisy_reconstructions == 255).to(at::kDouble).mean();
    EXPECT_NEAR(white.item<double>(), kind == "masking" ? 0.0 : 0.125, 0.02) << kind;
    Protocol protocol;
    add_code_protocol(definition, Needs::kNoisyReconstructions, protocol);
    EXPECT_EQ(protocol.at("noise"), kind + ", fixed seed");
    EXPECT_EQ(protocol.at("noise_level"), "0.25");
    EXPECT_NO_THROW(check_noise(definition));
  }
  definition.values.at("eval.noise_level").value = 1.5;
  EXPECT_THAT([&] { check_noise(definition); },
              ThrowsMessage<Error>(HasSubstr("eval.noise_level = 1.5 is the share")));
}

TEST_F(CodeInputs, JacobiansAreOfTheFirstImages) {
  FirstValues model(9);
  inputs.options["jacobian_norm.images"] = 700;
  draw_jacobian_norms(source(model), inputs);
  EXPECT_EQ(inputs.codes.jacobian_norms.sizes(), (at::IntArrayRef{700}));
  EXPECT_NEAR(metric("jacobian_norm").compute(inputs).value, 3.0, 1e-6);
}

TEST_F(CodeInputs, TheProbeGetsAFixedDrawOfTrainingImagesWithTheirClasses) {
  FirstValues model(16);
  inputs.options["linear_probe_error.examples"] = 1000;
  // Each image's first value says its class.
  split.images.view({3000, 16}).select(1, 0).copy_(split.labels * 100);
  draw_probe(source(model), inputs);
  ASSERT_EQ(inputs.codes.training.sizes(), (at::IntArrayRef{1000, 16}));
  const auto told = ((inputs.codes.training.select(1, 0) + 1.0) * 127.5 / 100.0).round();
  EXPECT_TRUE(at::equal(told.to(at::kLong), inputs.labels.training));
  MetricInputs again;
  again.options = inputs.options;
  draw_probe(source(model), again);
  EXPECT_TRUE(at::equal(inputs.codes.training, again.codes.training));
}

TEST_F(CodeInputs, AFamilyWithoutAnEncoderIsToldWhichMetricToDrop) {
  FirstValues model(0);
  EXPECT_THAT([&] { draw_jacobian_norms(source(model), inputs); },
              ThrowsMessage<Error>(HasSubstr("drop jacobian_norm")));
  EXPECT_THAT([&] { draw_noisy_reconstructions(source(model), inputs); },
              ThrowsMessage<Error>(HasSubstr("reconstructs nothing; drop noise_psnr")));
  inputs.codes.means = at::zeros({3000, 2});
  EXPECT_THAT([&] { draw_distortions(source(model), inputs); },
              ThrowsMessage<Error>(HasSubstr("decodes no codes; drop code_rate")));
}

}  // namespace
}  // namespace assay
