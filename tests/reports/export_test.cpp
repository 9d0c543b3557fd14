// SPDX-License-Identifier: Apache-2.0
#include "reports/export/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/file.h"
#include "reports/export/event_file.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"
#include "results/queries.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// tests/oracle/make_event_file.py wrote it with TensorBoard's own protocol buffers and writer.
TEST(EventFile, HasTheBytesThatTensorBoardsOwnWriterMakes) {
  const std::string theirs =
      read_file(std::string(ASSAY_SOURCE_DIR) + "/tests/oracle/event_file.tfevents");
  EventFile ours(1764374400.0);
  ours.add_scalar("loss/kl_nats", 128, 0.1);
  ours.add_scalar("loss/kl_nats", 60000, -2.5e-300);
  ours.add_scalar("metric/fd@pixels", 60000, std::nan(""));
  // The picture lies in their file as it is.
  const auto begin = theirs.find("\x89PNG");
  const auto end = theirs.find("IEND", begin) + 8;
  ours.add_image("samples", 300, theirs.substr(begin, end - begin));
  EXPECT_EQ(ours.bytes(), theirs);
}

class Export : public ::testing::Test {
 protected:
  Export() {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    test::MadeUpRun run;
    run.seed = 7;
    run.uuid = "0123abcd-0000-4000-8000-000000000000";
    const Protocol ema = {{"extractor", "pixels"}, {"weights", "ema"}};
    const Protocol raw = {{"extractor", "pixels"}, {"weights", "raw"}};
    run.last = {{"fd", 1.0 / 3.0, 0.5, ema},
                {"fd", 2.0, std::nan(""), raw},
                {"recall", std::numeric_limits<double>::infinity(), std::nan(""), ema}};
    test::add_run(database, run);
  }
  template <class Function>
  std::string exported(Function function) {
    const auto database = Database::open_for_reading(folder / "a.sqlite");
    return function(database, find_run(database, "1"));
  }

  test::TemporaryFolder folder;
};

TEST_F(Export, CsvReadsBackToTheSameBits) {
  const std::string series = exported(series_csv);
  EXPECT_EQ(series, "name,images_seen,value\nloss,500,2\nloss,1000,1\n");
  const std::string metrics = exported(metrics_csv);
  EXPECT_THAT(metrics, HasSubstr("fd,1000,0.3333333333333333,0.5,"));
  EXPECT_THAT(metrics, HasSubstr("recall,1000,+inf,nan,"));
  EXPECT_EQ(std::stod(metrics.substr(metrics.find("1000,") + 5)), 1.0 / 3.0);
}

TEST_F(Export, EveryLineOfJsonLinesIsAnObject) {
  std::istringstream lines(exported(run_jsonl));
  std::vector<nlohmann::json> read;
  for (std::string line; std::getline(lines, line);) read.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(read.size(), 1U + 2 + 3);
  EXPECT_EQ(read[0]["seed"], 7);
  EXPECT_EQ(read[3]["value"].get<double>(), 1.0 / 3.0);
  EXPECT_EQ(read[5]["value"], "+inf");
}

TEST_F(Export, ProtocolsOfOneNameGetTagsOfTheirOwn) {
  const std::string events = exported(run_events);
  EXPECT_THAT(events, HasSubstr("metric/fd@pixels_"));
  EXPECT_THAT(events, HasSubstr("metric/recall@pixels"));
  EXPECT_THAT(events, Not(HasSubstr("metric/recall@pixels_")));
}

TEST(ExportFolder, LeadsNowhereElse) {
  RunRow run;
  run.seed = 3;
  run.uuid = "0123abcd-0000-4000-8000-000000000000";
  run.experiment = "vae/fashion_mnist";
  EXPECT_EQ(export_folder(run), "vae/fashion_mnist/seed_3_0123abcd");
  for (const char* hostile : {"../../etc", "/etc/passwd", "a/../../b", "..", ""}) {
    run.experiment = hostile;
    const std::filesystem::path path = export_folder(run);
    EXPECT_TRUE(path.is_relative()) << hostile;
    EXPECT_THAT(path.lexically_normal().string(), Not(StartsWith(".."))) << hostile;
  }
}

}  // namespace
}  // namespace assay
