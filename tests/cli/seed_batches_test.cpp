// SPDX-License-Identifier: Apache-2.0
#include "cli/seed_batches.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "results/store.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class SeedBatchesTest : public testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }

  static Definition of_three_places() {
    auto definition = small_definition();
    definition.values.at("train.seed_batch").value = std::int64_t{3};
    return definition;
  }
  /// A run of that definition that was begun on `device`.
  RunRow row(const std::string& device) {
    const Definition definition = of_three_places();
    add_experiment(database_,
                   {definition.id(), definition.name, definition.family, definition.toml()});
    RunRow row;
    row.experiment_id = definition.id();
    row.device = device;
    return row;
  }

  fs::path file_ =
      fs::temp_directory_path() / fmt::format("assay_seed_batches_{}.sqlite", getpid());
  Database database_ = Database::open_for_writing(file_);
  SeedBatches batches_;
};

TEST_F(SeedBatchesTest, AreThePlacesOfADefinition) {
  EXPECT_EQ(batches_.places(of_three_places(), torch::kCPU), 3);
  EXPECT_EQ(batches_.places(small_definition(), torch::kCPU), 0);
  // Networks for which being one model does not pay on the CPU.
  auto large = of_three_places();
  large.values.at("model.hidden_widths").value = std::vector<std::int64_t>{6000};
  EXPECT_EQ(batches_.places(large, torch::kCPU), 0);
  EXPECT_EQ(batches_.places(large, torch::kCUDA), 3);
}

TEST_F(SeedBatchesTest, OfAStoredRunGoByTheDeviceItWasBegunOn) {
  EXPECT_EQ(batches_.places(database_, row("cpu")), 3);
  EXPECT_EQ(batches_.places(database_, row("no such device")), 0);
}

TEST_F(SeedBatchesTest, AreNoneWhereTheWorkerWillSayWhatIsWrong) {
  auto broken = of_three_places();
  broken.values.at("dataset.name").value = std::string("no_such_data");
  EXPECT_EQ(batches_.places(broken, torch::kCPU), 0);
}

}  // namespace
}  // namespace assay
