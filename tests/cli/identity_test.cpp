// SPDX-License-Identifier: Apache-2.0
// What every committed id rests on: the defaults of all keys, and the ids of all experiments.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "cli/run/targets.h"
#include "core/file.h"
#include "families/registry.h"

namespace assay {
namespace {

const std::filesystem::path kList =
    std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/golden/identity.txt";

std::set<std::string> defaults_of(const std::string& name, int revision, const Schema& schema) {
  std::set<std::string> lines;
  for (const Key& key : schema) {
    if (!key.identity) continue;
    lines.insert(
        fmt::format("default {}.{} {} = {}", name, revision, key.path, to_toml(key.default_value)));
  }
  return lines;
}

std::set<std::string> defaults_of(const std::string& family, const FamilySchema& schema) {
  const FamilyKeys keys = schema(family);
  return defaults_of(family, keys.revision, keys.schema);
}

std::string id_line(const std::string& name, const FamilySchema& schema) {
  const Definition definition =
      resolve_file(find_target(name), schema, {.experiments = experiments_folder()});
  return fmt::format("id {} {} {}", name, definition.training_id(), definition.id());
}

std::set<std::string> lines_now() {
  std::set<std::string> lines = defaults_of("common", kCommonRevision, common_schema());
  for (const Family& family : families()) {
    lines.merge(defaults_of(std::string(family.name), family_schema));
  }
  for (const auto& name : experiment_names()) lines.insert(id_line(name, family_schema));
  return lines;
}

std::set<std::string> committed() {
  std::set<std::string> lines;
  std::istringstream text(read_file(kList));
  for (std::string line; std::getline(text, line);) lines.insert(line);
  return lines;
}

// A line that is gone is a default that changed without its schema's revision, or an id that moved.
// A new line is a new key or experiment: run this test with ASSAY_UPDATE_GOLDEN=1 and commit it.
TEST(Identity, NoCommittedDefaultOrIdHasMoved) {
  const auto now = lines_now();
  if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) {
    std::string text;
    for (const auto& line : now) text += line + "\n";
    write_file_atomically(kList, text);
  }
  const auto known = committed();
  for (const auto& line : known) EXPECT_TRUE(now.contains(line)) << "gone: " << line;
  for (const auto& line : now) EXPECT_TRUE(known.contains(line)) << "new: " << line;
}

FamilyKeys vae_with_a_new_key(const std::string& name) {
  FamilyKeys keys = family_schema(name);
  keys.schema.push_back({.path = "model.novelty", .default_value = false, .meaning = "new"});
  return keys;
}

FamilyKeys vae_with_another_default(const std::string& name) {
  FamilyKeys keys = family_schema(name);
  for (Key& key : keys.schema) {
    if (key.path == "objective.beta") key.default_value = 2.0;
  }
  return keys;
}

TEST(Identity, AKeyThatIsAddedToAFamilyMovesNoId) {
  for (const auto& name : experiment_names()) {
    EXPECT_EQ(id_line(name, vae_with_a_new_key), id_line(name, family_schema));
  }
}

TEST(Identity, ADefaultThatChangesIsMissingFromTheList) {
  const auto changed = defaults_of("vae", vae_with_another_default);
  EXPECT_TRUE(committed().contains("default vae.1 objective.beta = 1.0"));
  EXPECT_FALSE(changed.contains("default vae.1 objective.beta = 1.0"));
}

}  // namespace
}  // namespace assay
