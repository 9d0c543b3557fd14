// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "results/example_runs.h"
#include "results/integrity.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;

pid_t in_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int code = 0;
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    code = 1;
  }
  ::_exit(code);
}

int exit_code_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// What one process keeps for all of its connections is shared by threads; ci/full runs this under
// the thread sanitizer.
TEST(ManyThreads, EachWithAConnectionOfItsOwnWritesAndReads) {
  TemporaryFolder folder;
  const auto file = folder / "shared.sqlite";
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&file, seed] {
        auto database = Database::open_for_writing(file);
        for (int i = 0; i < 3; ++i) test::complete_run(database, seed);
        EXPECT_GE(runs(Database::open_for_reading(file)).size(), 3U);
      });
    }
  }
  EXPECT_TRUE(check_database(file).empty());
  EXPECT_EQ(runs(Database::open_for_reading(file)).size(), 12U);
}

TEST(ManyProcesses, EightStartOnOneNewDatabaseAtOnce) {
  TemporaryFolder folder;
  const auto file = folder / "shared.sqlite";
  std::vector<pid_t> children;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    children.push_back(in_child([&] {
      auto database = Database::open_for_writing(file);
      for (int i = 0; i < 5; ++i) test::complete_run(database, seed);
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(exit_code_of(child), 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "shared.sqlite-wal"));
  EXPECT_TRUE(check_database(file).empty());
  const auto database = Database::open_for_reading(file);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM run WHERE status = 'complete'"), 40);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM series"), 40 * 100);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM machine"), 1);
}

TEST(ManyProcesses, WritersAndAFolderOfTheLogLoseNothing) {
  TemporaryFolder folder;
  const auto file = folder / "shared.sqlite";
  std::vector<pid_t> children;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    children.push_back(in_child([&] {
      auto database = Database::open_for_writing(file);
      for (int i = 0; i < 10; ++i) {
        test::complete_run(database, seed);
        database.fold_log(0);
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(exit_code_of(child), 0);
  EXPECT_TRUE(check_database(file).empty());
  EXPECT_EQ(Database::open_for_reading(file).integer("SELECT COUNT(*) FROM series"), 40 * 100);
}

TEST(ManyProcesses, KilledProcessLeavesAnInterruptedRunAndItsCommittedRows) {
  TemporaryFolder folder;
  const auto file = folder / "a.sqlite";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = in_child([&] {
    auto database = Database::open_for_writing(file);
    const NewRun run = test::example_run(database);
    const RunLock lock(file, run.uuid);
    RunRecorder recorder(database, begin_run(database, run));
    recorder.scalars({1, {{"loss", 1.0}}});
    recorder.checkpointed(test::example_checkpoint(database, run.uuid, 1));
    recorder.scalars({2, {{"loss", 1.0}}});
    if (::write(ready[1], "x", 1) == 1) ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(running_runs(Database::open_for_reading(file)).size(), 1U);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  {
    const auto reader = Database::open_for_reading(file);
    EXPECT_TRUE(running_runs(reader).empty());
    EXPECT_EQ(interrupted_runs(reader).size(), 1U);
  }
  auto database = Database::open_for_writing(file);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM series"), 1);
  EXPECT_EQ(mark_abandoned(database), 1);
  resume_run(database, 1, 1);
  EXPECT_EQ(database.integer("SELECT COUNT(*) FROM checkpoint"), 1);
}

}  // namespace
}  // namespace assay
