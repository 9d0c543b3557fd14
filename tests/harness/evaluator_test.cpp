// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "harness/evaluation_check.h"
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
