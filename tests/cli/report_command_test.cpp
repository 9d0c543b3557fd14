// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/report_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "cli/run/targets.h"
#include "core/file.h"
#include "core/paths.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::MatchesRegex;

class ReportName : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_report_name_" + std::to_string(getpid()));
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(const std::string& below) const {
    write_file_atomically(folder_ / below, "extends = 'toy2d/ring_gan'\n");
    return (folder_ / below).string();
  }
};

TEST_F(ReportName, IsTheTargetsNameWhereItComesWithAssay) {
  EXPECT_EQ(report_name(std::vector<std::string>{"demo"}), "demo");
  EXPECT_EQ(report_name(std::vector<std::string>{"toy2d/ring_gan"}), "toy2d/ring_gan");
  const auto by_file = (experiments_folder() / "toy2d" / "ring_gan.toml").string();
  EXPECT_EQ(report_name(std::vector<std::string>{by_file, "demo"}), "toy2d/ring_gan-demo");
}

TEST_F(ReportName, TellsTwoFilesOfOneNameApart) {
  std::set<std::string> names = {"x", "toy2d/ring_gan"};
  for (const char* place : {"a/x.toml", "b/x.toml", "a/toy2d/ring_gan.toml"}) {
    EXPECT_TRUE(names.insert(report_name(std::vector{file(place)})).second) << place;
  }
  EXPECT_THAT(report_name(std::vector{file("a/x.toml")}), MatchesRegex("x-[0-9a-f]{8}"));
}

TEST_F(ReportName, OfAFileIsThatOfItsWholePath) {
  const auto here = fs::current_path();
  const auto name = report_name(std::vector{file("a/x.toml")});
  fs::current_path(folder_ / "a");
  EXPECT_EQ(report_name(std::vector<std::string>{"x.toml"}), name);
  EXPECT_EQ(report_name(std::vector<std::string>{"../a/x.toml"}), name);
  fs::current_path(here);
}

TEST_F(ReportName, TellsTwoDatabasesOfOneNameApart) {
  EXPECT_EQ(report_name(project_root() / "results" / "assay.sqlite"), "assay");
  EXPECT_NE(report_name(folder_ / "a" / "assay.sqlite"),
            report_name(folder_ / "b" / "assay.sqlite"));
  EXPECT_NE(report_name(folder_ / "a" / "assay.sqlite"), "assay");
}

TEST_F(ReportName, IsNeverTooLongForAFile) {
  const std::string a = default_report_file(std::string(1000, 'a'), "html").filename();
  std::string other(1000, 'a');
  other.back() = 'b';
  const std::string b = default_report_file(other, "html").filename();
  EXPECT_LE(a.size(), 255U);
  EXPECT_NE(a, b);
  EXPECT_EQ(default_report_file("demo", "md"), project_root() / "reports" / "out" / "demo.md");
}

TEST_F(ReportName, OfASourceIsWhatAnotherCommandTakes) {
  EXPECT_EQ(source_of(experiments_folder() / "toy2d" / "ring_gan.toml"), "toy2d/ring_gan");
  EXPECT_EQ(source_of(experiments_folder() / "suites" / "demo.toml"), "suites/demo");
  const std::string elsewhere = file("a/x.toml");
  EXPECT_EQ(source_of(elsewhere), fs::weakly_canonical(elsewhere).string());
}

}  // namespace
}  // namespace assay
