// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/error.h"
#include "harness/runner.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

void ignore(std::string_view, std::int64_t, std::int64_t) {}

EvaluationResult evaluate(const Definition& definition, std::uint64_t seed) {
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  Evaluator evaluator(definition, seed, dataset, ignore);
  return evaluator.evaluate(*model, 7);
}

TEST(Evaluator, StatesTheWholeProtocolOfEachScore) {
  const auto result = evaluate(small_definition(), 1);
  ASSERT_EQ(result.evaluation.metrics.size(), 5U);
  const Protocol& fd = result.evaluation.metrics[0].protocol;
  EXPECT_EQ(fd.at("reference"), "generated_images:test");
  EXPECT_EQ(fd.at("reference_digest").size(), 64U);
  EXPECT_EQ(fd.at("weights"), "ema");
  EXPECT_EQ(fd.at("extractor"), "pixels");
  EXPECT_EQ(result.evaluation.images_seen, 7);
}

TEST(Evaluator, NamesTheBinarisationInEveryProtocol) {
  Definition definition = small_definition();
  for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
    EXPECT_FALSE(value.protocol.contains("binarisation")) << value.name;
  }
  std::set<std::string> digests;
  for (const std::string kind : {"static", "stochastic"}) {
    definition.values.at("dataset.binarisation").value = kind;
    for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
      EXPECT_TRUE(value.protocol.at("binarisation").starts_with(kind)) << value.name;
      digests.insert(value.protocol.at("reference_digest"));
    }
  }
  // The reference is the one draw in both.
  EXPECT_EQ(digests.size(), 1U);
}

TEST(Evaluator, ScoresCodesOfAnAutoencoder) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{
      "jacobian_norm",      "noise_psnr", "reconstruction_mse", "psnr",
      "linear_probe_error", "code_rate",  "active_units",       "mean_activation"};
  definition.values.at("eval.options").value =
      std::vector<std::string>{"jacobian_norm.images=20", "linear_probe_error.examples=200"};
  const auto metrics = evaluate(definition, 1).evaluation.metrics;
  ASSERT_EQ(metrics.size(), 8U);
  for (const auto& value : metrics) EXPECT_TRUE(std::isfinite(value.value)) << value.name;
  EXPECT_GT(metrics[0].value, 0.0);
  EXPECT_EQ(metrics[0].protocol.at("n_real"), "20");
  EXPECT_EQ(metrics[1].protocol.at("noise"), "gaussian, fixed seed");
  EXPECT_EQ(metrics[4].protocol.at("n_train"), "200");
  EXPECT_GT(metrics[5].value, 0.0);
  // Another seed of the run draws other samples, and the same corruption.
  EXPECT_EQ(evaluate(definition, 2).evaluation.metrics[1].value, metrics[1].value);
  definition.values.at("eval.reference_split").value = std::string("train");
  EXPECT_THAT([&] { check_evaluation(definition); },
              ThrowsMessage<Error>(HasSubstr("linear_probe_error learns from training images")));
}

TEST(Evaluator, DrawsTheSameLatentsEachTimeAndOthersForAnotherSeed) {
  const Definition definition = small_definition();
  const double first = evaluate(definition, 1).evaluation.metrics[0].value;
  EXPECT_EQ(evaluate(definition, 1).evaluation.metrics[0].value, first);
  EXPECT_NE(evaluate(definition, 2).evaluation.metrics[0].value, first);
}

TEST(Evaluator, RefusesMetricsThatTheDataCannotServe) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{"modes_covered"};
  EXPECT_THAT([&] { evaluate(definition, 1); },
              ThrowsMessage<Error>(HasSubstr("generated 2-D sets only")));
  definition.values.at("eval.metrics").value = std::vector<std::string>{"fdd"};
  EXPECT_THAT([&] { check_evaluation(definition); },
              ThrowsMessage<Error>(HasSubstr("did you mean 'fd'?")));
}

}  // namespace
}  // namespace assay
