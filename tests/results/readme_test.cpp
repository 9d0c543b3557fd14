// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"
#include "results/example_runs.h"
#include "results/store.h"

namespace assay {
namespace {

std::vector<std::string> sql_blocks(const std::string& text) {
  const std::string open = "```sql\n";
  std::vector<std::string> blocks;
  for (auto at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
    const auto begin = at + open.size();
    blocks.push_back(text.substr(begin, text.find("```", begin) - begin));
  }
  return blocks;
}

TEST(ResultsReadme, EveryQueryRunsOnAFilledDatabase) {
  test::TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  test::complete_run(database, 0);
  VerdictRow verdict{"demo", "claim", "trained beats untrained", "holds"};
  verdict.detail = R"({"judging": "j", "claimed": {"p": 0.01}})";
  add_verdicts(database, {verdict});
  const auto file = std::filesystem::path(ASSAY_SOURCE_DIR) / "results" / "README.md";
  const auto blocks = sql_blocks(read_file(file));
  EXPECT_GE(blocks.size(), 5U);
  int with_rows = 0;
  for (const auto& sql : blocks) {
    auto query = database.prepare(sql);
    with_rows += query.step() ? 1 : 0;
  }
  // All but "what did not end well".
  EXPECT_EQ(with_rows, static_cast<int>(blocks.size()) - 1);
}

}  // namespace
}  // namespace assay
