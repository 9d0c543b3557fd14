// SPDX-License-Identifier: Apache-2.0
#include "results/integrity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "results/example_runs.h"
#include "results/queries.h"
#include "results/remarks.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;
using testing::IsEmpty;

void fill(const std::filesystem::path& file) {
  auto database = Database::open_for_writing(file);
  for (std::uint64_t seed = 0; seed < 3; ++seed) test::complete_run(database, seed);
  const std::vector<MetricKind> kinds = {
      {"fd", Better::kLower, "squared features", "a distance of two Gaussians"},
      {"recall", Better::kHigher, "share", "of the reference that samples come near to"}};
  add_metric_kinds(database, kinds);
  add_verdicts(database, {{"demo", "claim", "trained beats untrained", "holds"}});
  const std::string uuid = runs(database).front().uuid;
  add_remark(database, uuid, RemarkKind::kNote, "trained beside another run");
  add_remark(database, uuid, RemarkKind::kTag, "baseline");
}

// Without the syncs of write_file_atomically: this runs thousands of times.
void write_quickly(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// Every table's content, or nothing if it cannot be read any more.
std::optional<std::string> contents(const std::filesystem::path& file) {
  try {
    const auto database = Database::open_for_reading(file);
    std::string all;
    for (const auto* table :
         {"experiment", "machine", "run", "series", "protocol", "metric", "throughput", "artifact",
          "checkpoint", "event", "verdict", "metric_kind", "remark"}) {
      auto query = database.prepare(std::string("SELECT * FROM ") + table);
      while (query.step()) {
        for (int c = 0; c < query.columns(); ++c) {
          all += std::to_string(query.column_type(c)) + "|" + query.text(c) + "\n";
        }
      }
    }
    return all;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

bool damage_found(const std::filesystem::path& file) {
  for (const auto& finding : check_database(file)) {
    if (finding.severity == Finding::Severity::kDamage) return true;
  }
  return false;
}

TEST(Integrity, SoundDatabaseHasNoFindings) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  EXPECT_THAT(check_database(folder / "a.sqlite"), IsEmpty());
}

TEST(Integrity, CopyWithoutItsCheckpointFolderHasNoFindings) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  std::filesystem::copy_file(folder / "a.sqlite", folder / "copy.sqlite");
  EXPECT_THAT(check_database(folder / "copy.sqlite"), IsEmpty());
}

TEST(Integrity, EverySingleFlippedBitThatChangesARowIsFound) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  const std::string sound = read_file(folder / "a.sqlite");
  const auto before = contents(folder / "a.sqlite");
  ASSERT_TRUE(before);
  std::mt19937_64 random(20261123);
  int changed = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    std::string broken = sound;
    const std::size_t at = 100 + random() % (broken.size() - 100);
    broken[at] = static_cast<char>(broken[at] ^ (1 << (random() % 8)));
    write_quickly(folder / "b.sqlite", broken);
    if (contents(folder / "b.sqlite") == before) continue;
    ++changed;
    EXPECT_TRUE(damage_found(folder / "b.sqlite")) << "byte " << at;
  }
  EXPECT_GT(changed, 150);
}

TEST(Integrity, EditByHandIsNamed) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    database.execute("UPDATE metric SET value = 1.0 WHERE run_id = 2 AND images_seen = 5000");
    database.execute("UPDATE run SET seed = 9 WHERE id = 3");
  }
  const auto findings = check_database(folder / "a.sqlite");
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_THAT(findings[0].text, HasSubstr("row 3 of table run"));
  EXPECT_THAT(findings[1].text, HasSubstr("metric or artifact of run 2"));
}

TEST(Integrity, ChangedCheckpointIsNamed) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  const auto file = [&] {
    const auto database = Database::open_for_reading(folder / "a.sqlite");
    return checkpoints_of(database, 1).front().file;
  }();
  write_file_atomically(file, "state at 5001");
  const auto findings = check_database(folder / "a.sqlite");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].text, HasSubstr(file.string()));
}

TEST(Integrity, CheckpointThatCannotBeLookedAtIsAWarning) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  const auto run = [&] {
    const auto database = Database::open_for_reading(folder / "a.sqlite");
    return checkpoints_of(database, 1).front().file.parent_path();
  }();
  std::filesystem::remove_all(run);
  std::filesystem::create_symlink(run, run);
  const auto findings = check_database(folder / "a.sqlite");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Finding::Severity::kWarning);
  EXPECT_THAT(findings[0].text, HasSubstr("leads back to itself"));
}

TEST(Integrity, TruncatedFilesAreFoundAtEveryLength) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  const std::string sound = read_file(folder / "a.sqlite");
  for (std::size_t size = 1; size < sound.size(); size += 1777) {
    write_quickly(folder / "b.sqlite", sound.substr(0, size));
    EXPECT_TRUE(damage_found(folder / "b.sqlite")) << size;
  }
}

TEST(Integrity, AFileThatNeverWasAssaysIsAUsageErrorAndNoDamage) {
  TemporaryFolder folder;
  write_quickly(folder / "notes.txt", "what I did on Monday, in some detail\n");
  write_quickly(folder / "short.txt", "hm\n");
  write_quickly(folder / "empty.sqlite", "");
  test::other_programs_database(folder / "other.sqlite");
  for (const auto* name : {"notes.txt", "short.txt", "empty.sqlite", "other.sqlite", "."}) {
    try {
      check_database(folder / name);
      FAIL() << name << ": no Error was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage) << name;
      EXPECT_THAT(error.what(), HasSubstr("--db")) << name;
    }
  }
}

TEST(Integrity, AChangedSchemaNumberIsDamage) {
  TemporaryFolder folder;
  fill(folder / "a.sqlite");
  const std::string sound = read_file(folder / "a.sqlite");
  for (const char version : {'\0', '\x63'}) {
    std::string broken = sound;
    broken[63] = version;  // the last byte of user_version (SQLite's file format, section 1.3)
    write_quickly(folder / "b.sqlite", broken);
    EXPECT_TRUE(damage_found(folder / "b.sqlite")) << int{version};
  }
}

TEST(Integrity, MissingFileIsAUsageError) {
  TemporaryFolder folder;
  EXPECT_THROW(check_database(folder / "none.sqlite"), Error);
}

}  // namespace
}  // namespace assay
