// SPDX-License-Identifier: Apache-2.0
// README's demo, through the built program.
#include <gtest/gtest.h>

#include <map>

#include "results/run_queries.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

// What results/demo-cpu.sqlite holds of seed 0 (commit ba04c4b). Other convolutions, another
// vector unit and another count of threads moved it by less than 1e-7 of itself; seed 1's are 2 and
// 1 % away.
TEST_F(ProcessTest, TheDemosDiffusionModelBeginsWithTheLossesThatItHad) {
  const std::map<std::int64_t, double> had = {{3008, 0.577447962253652}, {6016, 0.303152608903165}};
  const pid_t pid = start({"run", "diffusion/fashion_mnist_ddpm", "--seeds", "0", "--threads", "1",
                           "--set", "eval.untrained=false", "--report", path("r.html")});
  std::map<std::int64_t, double> found;
  for (int i = 0; i < 400 && !found.contains(6016); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    try {
      const Database database = Database::open_for_reading(db_);
      for (const SeriesPoint& point : series_of(database, 1)) {
        if (point.name == "loss") found[point.images_seen] = point.value;
      }
    } catch (const Error&) {
      continue;  // not there yet
    }
  }
  kill(-pid, SIGKILL);
  wait_for(pid);
  for (const auto& [images, loss] : had) {
    ASSERT_TRUE(found.contains(images)) << images << err();
    EXPECT_NEAR(found[images], loss, 1e-5 * loss) << images;
  }
}

}  // namespace
}  // namespace assay
