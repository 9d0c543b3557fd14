// SPDX-License-Identifier: Apache-2.0
#include "results/remarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "results/example_runs.h"
#include "results/integrity.h"
#include "results/merge.h"
#include "results/queries.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Remarks : public ::testing::Test {
 protected:
  Remarks() {
    auto database = Database::open_for_writing(file);
    test::complete_run(database, 0);
    uuid = runs(database).at(0).uuid;
  }
  void say(RemarkKind kind, const std::string& text) {
    auto database = Database::open_for_writing(file);
    add_remark(database, uuid, kind, text);
  }
  RunRemarks said() const { return remarks_of(Database::open_for_reading(file))[uuid]; }

  TemporaryFolder folder;
  std::filesystem::path file = folder / "a.sqlite";
  std::string uuid;
};

TEST_F(Remarks, TheNewestOfAKindCounts) {
  say(RemarkKind::kNote, "first");
  say(RemarkKind::kNote, "second");
  say(RemarkKind::kTag, "camera-ready");
  say(RemarkKind::kTag, "a");
  say(RemarkKind::kUntag, "a");
  say(RemarkKind::kHide, "wrong split");
  EXPECT_THAT(said().notes, SizeIs(2));
  EXPECT_EQ(said().notes[1].text, "second");
  EXPECT_THAT(said().tags, ElementsAre("camera-ready"));
  EXPECT_TRUE(said().hidden);
  EXPECT_EQ(said().why_hidden, "wrong split");
  EXPECT_THAT(last_results(Database::open_for_reading(file)), IsEmpty());
  say(RemarkKind::kUnhide, "");
  EXPECT_FALSE(said().hidden);
  EXPECT_THAT(last_results(Database::open_for_reading(file)), SizeIs(1));
}

TEST_F(Remarks, RefusesWhatChangesNothing) {
  EXPECT_THROW(say(RemarkKind::kUnhide, ""), Error);
  EXPECT_THROW(say(RemarkKind::kUntag, "a"), Error);
  EXPECT_THROW(say(RemarkKind::kTag, "two words"), Error);
  EXPECT_THAT(said().tags, IsEmpty());
}

TEST_F(Remarks, FollowTheirRunIntoAnotherDatabaseOnce) {
  say(RemarkKind::kHide, "wrong split");
  auto target = Database::open_for_writing(folder / "b.sqlite");
  merge(target, file);
  merge(target, file);
  EXPECT_TRUE(remarks_of(target)[uuid].hidden);
  EXPECT_EQ(target.integer("SELECT COUNT(*) FROM remark"), 1);
  EXPECT_THAT(check_database(folder / "b.sqlite"), IsEmpty());
}

TEST_F(Remarks, AChangedOneIsFound) {
  say(RemarkKind::kHide, "wrong split");
  Database::open_for_writing(file).execute("UPDATE remark SET text = 'right split'");
  EXPECT_FALSE(check_database(file).empty());
}

}  // namespace
}  // namespace assay
