// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {

namespace fs = std::filesystem;

/// Drives the built program as a user does: processes, signals, exit codes, databases.
class ProcessTest : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / fmt::format("assay_process_test_{}", getpid());
  std::string db_ = (folder_ / "a.sqlite").string();
  bool quiet_ = true;

  void SetUp() override {
    fs::create_directories(folder_);
    // Two seconds of a ring GAN, with a checkpoint every few milliseconds.
    write_file_atomically(
        folder_ / "small.toml",
        "extends = 'toy2d/ring_gan'\n[train]\nimages = 60000\nlog_every_images = 2000\n"
        "checkpoint_every_images = 2000\n[eval]\ngenerated = 200\nreference_count = 200\n"
        "every_images = 0\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  pid_t start(std::vector<std::string> words) const {
    words.insert(words.begin(), "assay");
    words.insert(words.end(), {"--db", db_});
    if (quiet_) words.emplace_back("--quiet");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      if (std::freopen((folder_ / "out").c_str(), "w", stdout) == nullptr) _exit(99);
      if (std::freopen((folder_ / "err").c_str(), "w", stderr) == nullptr) _exit(99);
      execv(ASSAY_PROGRAM, arguments.data());
      _exit(99);
    }
    return pid;
  }
  static int wait_for(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int call(const std::vector<std::string>& words) const { return wait_for(start(words)); }
  int run(const std::string& seed) const {
    return call({"run", (folder_ / "small.toml").string(), "--seeds", seed, "--report",
                 (folder_ / "r.html").string()});
  }
  pid_t start_run(const std::string& seed) const {
    return start({"run", (folder_ / "small.toml").string(), "--seeds", seed, "--report",
                  (folder_ / "r.html").string()});
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// What the last call printed.
  std::string out() const { return read_file(folder_ / "out"); }
  std::string err() const { return read_file(folder_ / "err"); }
  std::vector<RunRow> rows() const { return runs(Database::open_for_reading(db_)); }

  bool has_checkpoint() const {
    try {
      const Database database = Database::open_for_reading(db_);
      const auto all = runs(database);
      if (all.empty()) return false;
      const auto checkpoints = checkpoints_of(database, all.back().number);
      return !checkpoints.empty() && checkpoints.front().images_seen > 0;
    } catch (const Error&) {
      return false;  // not there yet, or in the middle of being made
    }
  }

  /// Waits until no process holds a run: one that was killed takes a moment to be gone.
  void wait_until_nobody_runs() const {
    for (int i = 0; i < 400; ++i) {
      const auto all = rows();
      if (std::none_of(all.begin(), all.end(), [](auto& row) { return row.status == "running"; }))
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    FAIL() << "a run still runs after ten seconds";
  }

  /// Waits until the newest run has a checkpoint past its start.
  void wait_for_checkpoint() const {
    for (int i = 0; i < 400; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
      if (has_checkpoint()) return;
    }
    FAIL() << "no checkpoint within ten seconds";
  }
};

}  // namespace assay
