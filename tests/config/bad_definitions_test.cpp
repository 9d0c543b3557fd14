// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/definition.h"
#include "tests/config/small_schema.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

fs::path folder() { return fs::path(ASSAY_SOURCE_DIR) / "tests" / "config" / "bad"; }

std::vector<fs::path> definitions() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The message, with the file's name alone in place of its path.
std::string message_of(const fs::path& file) {
  try {
    resolve_text(content(file), file.filename().string(), small_family, {});
  } catch (const Error& problem) {
    return std::string(problem.what()) + "\n";
  }
  return "no error\n";
}

// Each tests/config/bad/NAME.toml has its message in NAME.txt. After a deliberate change of
// wording, run this test with ASSAY_UPDATE_GOLDEN=1 and read the difference.
TEST(BadDefinitions, AreRefusedWithTheGoldenMessage) {
  const bool update = std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr;
  const auto files = definitions();
  EXPECT_GE(files.size(), 40U);
  for (const auto& file : files) {
    const fs::path golden = fs::path(file).replace_extension(".txt");
    const std::string message = message_of(file);
    EXPECT_NE(message, "no error\n") << file;
    if (update) std::ofstream(golden, std::ios::binary) << message;
    EXPECT_EQ(message, content(golden)) << file;
  }
}

TEST(BadDefinitions, ThatAreHugeOrDeepAreRefusedAtOnce) {
  const std::string deep = "x = " + std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THROW(resolve_text(deep, "deep.toml", small_family, {}), Error);
  std::string tables = "family='vae'\n[a";
  for (int i = 0; i < 40; ++i) tables += ".a";
  EXPECT_THROW(resolve_text(tables + "]\nb=1\n", "tables.toml", small_family, {}), Error);
  EXPECT_THROW(resolve_text(std::string("\x00\x01\x02", 3), "binary.toml", small_family, {}),
               Error);
}

}  // namespace
}  // namespace assay
