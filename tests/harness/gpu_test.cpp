// SPDX-License-Identifier: Apache-2.0
#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "harness/environment.h"
#include "harness/runner.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

class Metrics : public RunObserver {
 public:
  void evaluated(const Evaluation& evaluation) override {
    for (const auto& metric : evaluation.metrics) {
      values[{metric.name, evaluation.images_seen}] = metric.value;
    }
  }
  std::map<std::pair<std::string, std::int64_t>, double> values;
};

// Same initial weights, same latents: the untrained scores agree up to the rounding of the device.
TEST(Gpu, ARunStartsWhereTheCpuRunStarts) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU, or not built with ASSAY_PRESET=cuda";
  const StopRequest never;
  Metrics cpu, gpu;
  run_experiment({small_definition(), 5, torch::kCPU, {}, {}}, cpu, never);
  const RunFinished end =
      run_experiment({small_definition(), 5, pick_device("cuda"), {}, {}}, gpu, never);
  EXPECT_EQ(end.status, "complete");
  const double expected = cpu.values.at({"fd", 0});
  EXPECT_NEAR(gpu.values.at({"fd", 0}), expected, 0.01 * std::abs(expected));
}

}  // namespace
}  // namespace assay
