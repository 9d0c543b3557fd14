// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "cli/eval/eval_command.h"
#include "core/error.h"

namespace assay {

/// Calls `assay eval` on files of a folder of its own, and reads what it prints.
class EvalFixture : public testing::Test {
 protected:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("assay_eval_test_{}", getpid());
  EvalCommand command_;

  void SetUp() override {
    std::filesystem::create_directories(folder_);
    command_.common.json = true;
    command_.common.database = folder_ / "none.sqlite";
    command_.extractor = "pixels";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Json result() const {
    testing::internal::CaptureStdout();
    try {
      eval_command(command_);
    } catch (...) {
      testing::internal::GetCapturedStdout();
      throw;
    }
    return Json::parse(testing::internal::GetCapturedStdout());
  }
  std::string refusal() const {
    try {
      result();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

}  // namespace assay
