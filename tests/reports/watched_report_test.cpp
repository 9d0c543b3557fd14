// SPDX-License-Identifier: Apache-2.0
#include "reports/watched_report.h"

#include <gtest/gtest.h>

#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

TEST(WatchedReport, ReadsAgainWhatHasMovedAloneAndIsTheWholeReport) {
  const test::TemporaryFolder folder;
  const auto file = folder / "a.sqlite";
  test::fill_small(file);
  ReportOptions options;
  options.generated_at = "2026-11-29T12:00:00Z";
  WatchedReport watched({file}, options);
  EXPECT_EQ(render(watched.read(), Format::kJson),
            render(build_report(file, options), Format::kJson));
  EXPECT_EQ(watched.experiments_read(), 2U);
  watched.read();
  EXPECT_EQ(watched.experiments_read(), 0U);
  {
    auto database = Database::open_for_writing(file);
    test::MadeUpRun run;
    run.seed = 7;
    run.last = {{"fd", 14.0, 0.5, {{"extractor", "pixels"}, {"n_generated", "200"}}}};
    test::add_run(database, run);
  }
  EXPECT_EQ(render(watched.read(), Format::kJson),
            render(build_report(file, options), Format::kJson));
  EXPECT_EQ(watched.experiments_read(), 1U);
}

}  // namespace
}  // namespace assay
