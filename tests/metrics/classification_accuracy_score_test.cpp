// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/classification_accuracy_score.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <string>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

at::Tensor labels_of(std::int64_t count, std::int64_t classes) {
  return at::arange(count, at::kLong).remainder(classes);
}

/// Grey noise of standard deviation `noise`, and a brighter band of rows where the class says.
at::Tensor pictures(std::uint64_t seed, const at::Tensor& labels, at::IntArrayRef shape,
                    double noise, double contrast = 80.0) {
  const auto count = labels.size(0);
  const auto flat = normal_matrix(seed, count, shape[0] * shape[1] * shape[2]) * noise + 100.0;
  auto images = flat.view({count, shape[0], shape[1], shape[2]});
  const auto band = shape[1] / (labels.max().item<std::int64_t>() + 1);
  for (std::int64_t i = 0; i < count; ++i) {
    images[i].slice(1, labels[i].item<std::int64_t>() * band).slice(1, 0, band).add_(contrast);
  }
  return images.clamp(0.0, 255.0).to(at::kByte);
}

MetricInputs inputs_of(at::IntArrayRef shape, std::int64_t classes, double noise,
                       double contrast = 80.0) {
  MetricInputs inputs;
  inputs.labels.generated = labels_of(256, classes);
  inputs.labels.reference = labels_of(300, classes);
  inputs.images.generated = pictures(1, inputs.labels.generated, shape, noise, contrast);
  inputs.images.reference = pictures(2, inputs.labels.reference, shape, noise, contrast);
  inputs.options["cas.epochs"] = 10;
  return inputs;
}

MetricValue cas(const MetricInputs& inputs) { return metric("cas").compute(inputs); }

TEST(Cas, IsOneForClassesThatGeneratedImagesTeach) {
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{1, 28, 28}, {3, 16, 20}}) {
    const auto value = cas(inputs_of(shape, 4, 2.0));
    EXPECT_EQ(value.value, 1.0) << shape[0];
    EXPECT_EQ(value.standard_error, 0.0) << shape[0];
    EXPECT_EQ(value.protocol.at("classifier"), shape[0] == 1 ? "fmnist-cnn" : "resnet-20");
    EXPECT_EQ(value.protocol.at("epochs"), "10");
    EXPECT_EQ(value.protocol.at("seed"), "0");
    EXPECT_EQ(value.protocol.at("n_generated"), "256");
    EXPECT_EQ(value.protocol.at("n_real"), "300");
  }
}

TEST(Cas, IsZeroIfEachClassIsGeneratedAsAnother) {
  // What a classifier of the reference itself would never do.
  auto inputs = inputs_of({1, 28, 28}, 4, 2.0);
  inputs.labels.generated = (inputs.labels.generated + 1).remainder(4);
  EXPECT_EQ(cas(inputs).value, 0.0);
}

TEST(Cas, IsChanceForLabelsPermutedAtRandom) {
  auto inputs = inputs_of({1, 28, 28}, 4, 30.0);
  const auto shuffled = [](const at::Tensor& labels, std::uint64_t seed) {
    return labels.index_select(0, normal_matrix(seed, labels.size(0), 1).squeeze(1).argsort());
  };
  inputs.labels.generated = shuffled(inputs.labels.generated, 3);
  inputs.labels.reference = shuffled(inputs.labels.reference, 4);
  const auto value = cas(inputs);
  // √(¼ · ¾ / 300) = 0.025 either side of ¼.
  EXPECT_NEAR(value.value, 0.25, 4.0 * 0.025);
  EXPECT_NEAR(value.standard_error, std::sqrt(value.value * (1.0 - value.value) / 300.0), 1e-14);
}

TEST(Cas, LeavesOutAClassThatWasNeverGenerated) {
  auto inputs = inputs_of({1, 28, 28}, 4, 2.0);
  const auto kept = inputs.labels.generated.ne(3).nonzero().squeeze(1);
  inputs.images.generated = inputs.images.generated.index_select(0, kept);
  inputs.labels.generated = inputs.labels.generated.index_select(0, kept);
  EXPECT_EQ(cas(inputs).value, 0.75);
}

/// Faint bands in noise, and many images to score, so that a changed bit anywhere shows in the
/// hits.
MetricInputs hard_inputs() {
  auto inputs = inputs_of({1, 28, 28}, 5, 60.0, 12.0);
  inputs.labels.reference = labels_of(2000, 5);
  inputs.images.reference = pictures(5, inputs.labels.reference, {1, 28, 28}, 60.0, 12.0);
  return inputs;
}

TEST(Cas, HasTheSameBitsForEveryThreadCount) {
  auto inputs = hard_inputs();
  inputs.options["cas.epochs"] = 25;
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = cas(inputs);
  at::set_num_threads(3);
  const auto three = cas(inputs);
  at::set_num_threads(before);
  EXPECT_EQ(three.value, one.value);
}

TEST(Cas, HasTheSameBitsForEveryCallerAndOthersForAnotherSeed) {
  const auto inputs = hard_inputs();
  const auto first = cas(inputs);
  EXPECT_GT(first.value, 0.25);
  EXPECT_LT(first.value, 0.95);
  torch::manual_seed(17);  // the global generator, which must not matter
  EXPECT_EQ(cas(inputs).value, first.value);
  {
    const c10::InferenceMode as_assay_eval;
    EXPECT_EQ(cas(hard_inputs()).value, first.value);
  }
  {
    const torch::NoGradGuard as_the_evaluator;
    EXPECT_EQ(cas(inputs).value, first.value);
  }
  auto other = inputs;
  other.options["cas.seed"] = 1;
  EXPECT_NE(cas(other).value, first.value);
}

TEST(Cas, RefusesWhatCannotBeTaught) {
  const auto good = inputs_of({1, 28, 28}, 4, 2.0);
  const auto refused = [&](auto change) {
    auto inputs = good;
    change(inputs);
    return refusal([&] { cas(inputs); });
  };
  EXPECT_THAT(refused([](auto& i) { i.images.generated.reset(); }),
              HasSubstr("cas: the generated images are absent"));
  EXPECT_THAT(refused([](auto& i) { i.images.reference = i.images.reference.to(at::kFloat); }),
              HasSubstr("u8 [N,C,H,W]"));
  EXPECT_THAT(refused([](auto& i) { i.images.reference = i.images.reference.slice(2, 0, 7); }),
              HasSubstr("8x8 pixels"));
  EXPECT_THAT(refused([](auto& i) { i.images.reference = i.images.reference.slice(2, 0, 20); }),
              HasSubstr("the generated images are [1, 28, 28] and the reference [1, 20, 28]"));
  EXPECT_THAT(refused([](auto& i) { i.labels.generated.reset(); }),
              HasSubstr("256 generated images need as many labels (i64), there are none"));
  EXPECT_THAT(refused([](auto& i) { i.labels.reference = i.labels.reference.slice(0, 1); }),
              HasSubstr("300 reference images need as many labels (i64), there are 299"));
  EXPECT_THAT(refused([](auto& i) { i.labels.reference = i.labels.reference - 1; }),
              HasSubstr("a label of the reference images is negative"));
  EXPECT_THAT(refused([](auto& i) { i.labels.reference = i.labels.reference + 253; }),
              HasSubstr("labels reach to 256, but there are only 256 generated images"));
  EXPECT_THAT(refused([](auto& i) { i.labels.generated = at::full({256}, 2, at::kLong); }),
              HasSubstr("all generated images have label 2"));
}

}  // namespace
}  // namespace assay
