// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "config/definition.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "core/paths.h"
#include "tests/config/small_schema.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kVae = "family = 'vae'\n";

Definition resolve(const std::string& toml, const FamilySchema& schema = small_family,
                   bool stored = false) {
  return resolve_text(toml, "x.toml", schema, {.stored = stored});
}

// The small family with one key more, whose default is what happened before there was the key.
FamilyKeys with_a_new_key(const std::string& name) {
  Schema schema = small_family(name);
  schema.push_back({.path = "model.dropout", .default_value = 0.0, .meaning = "share of units"});
  return schema;
}

TEST(Identity, IsFamilyRevisionsAndWhatDiffersFromDefaults) {
  EXPECT_EQ(resolve(kVae + "objective.beta = 4\neval.generated = 100\nmodel.latent_dim = 20\n")
                .canonical(),
            "family = \"vae\"\nrevision = [2, 1]\neval.generated = 100\nobjective.beta = 4.0\n");
}

TEST(Identity, ANewKeyWhoseDefaultKeepsTheOldBehaviourMovesNoId) {
  const std::string toml = kVae + "objective.beta = 4\n";
  EXPECT_EQ(resolve(toml, with_a_new_key).id(), resolve(toml).id());
  EXPECT_EQ(resolve(toml, with_a_new_key).training_id(), resolve(toml).training_id());
  EXPECT_NE(resolve(toml + "model.dropout = 0.5\n", with_a_new_key).id(), resolve(toml).id());
}

TEST(Identity, AFamilysRevisionMovesItsIds) {
  const auto revised = [](const std::string& name) { return FamilyKeys(small_family(name), 2); };
  EXPECT_NE(resolve(kVae, revised).id(), resolve(kVae).id());
}

TEST(Identity, OfTrainingLeavesOutWhatOnlyScores) {
  const Definition plain = resolve(kVae + "objective.beta = 4\n");
  const Definition scored =
      resolve(kVae + "objective.beta = 4\neval.generated = 100\neval.metrics = ['kid']\n");
  EXPECT_EQ(plain.training_id(), scored.training_id());
  EXPECT_NE(plain.id(), scored.id());
  EXPECT_EQ(plain.training_id(), sha256_hex("family = \"vae\"\nrevision = [2, 1]\n"
                                            "objective.beta = 4.0\n"));
  EXPECT_NE(plain.training_id(), resolve(kVae + "objective.beta = 2\n").training_id());
}

TEST(Identity, LeavesOutPathsNamesSeedsAndNotes) {
  const std::string id = resolve(kVae).id();
  EXPECT_EQ(resolve(kVae + "dataset.path = '/data/x'\n").id(), id);
  EXPECT_EQ(resolve(kVae + "name = 'n'\nnote = 't'\nseeds = [3]\ntier = 'gpu'\n").id(), id);
}

TEST(Identity, IsTheSameHoweverAValueIsSpelled) {
  EXPECT_EQ(resolve(kVae + "objective.beta = 1\n").id(), resolve(kVae).id());
  EXPECT_EQ(resolve(kVae + "objective.beta = 2\n").id(),
            resolve(kVae + "objective.beta = 2.0\n").id());
}

// A key renamed at revision 2, a value renamed at revision 3, and a default that changed there.
FamilyKeys third_revision(const std::string& name) {
  Schema schema = small_family(name);
  std::erase_if(schema, [](const Key& key) { return key.path == "objective.sigma"; });
  schema.push_back({.path = "objective.deviation", .default_value = 1.0, .meaning = "of p(x|z)"});
  for (Key& key : schema) {
    if (key.path == "objective.likelihood") key.choices = {"bernoulli", "normal"};
    if (key.path == "objective.beta") key.default_value = 4.0;
  }
  return {schema,
          3,
          {{.since = 2, .old_path = "objective.sigma", .path = "objective.deviation"},
           {.since = 3,
            .old_path = "objective.likelihood",
            .path = "objective.likelihood",
            .value = std::string("normal"),
            .old_value = std::string("gaussian")},
           {.since = 3,
            .old_path = "objective.beta",
            .path = "objective.beta",
            .value = 1.0,
            .absent = true}}};
}

TEST(Upgrade, ReadsAnOldTextAsItWasMeant) {
  const std::string old =
      "family = 'vae'\nrevision = [2, 1]\nobjective.sigma = 0.5\n"
      "objective.likelihood = 'gaussian'\n";
  const Definition now = resolve(old, third_revision);
  EXPECT_EQ(now.number("objective.deviation"), 0.5);
  EXPECT_EQ(now.text("objective.likelihood"), "normal");
  EXPECT_EQ(now.number("objective.beta"), 1.0) << "the default of then";
}

TEST(Upgrade, LeavesATextOfTodayAlone) {
  EXPECT_EQ(resolve(kVae, third_revision).number("objective.beta"), 4.0);
  EXPECT_THAT([] { resolve(kVae + "objective.sigma = 0.5\n", third_revision); },
              ThrowsMessage<Error>(HasSubstr("unknown key 'sigma'")));
  const Definition written = resolve(kVae + "objective.beta = 2\n", third_revision);
  EXPECT_EQ(resolve(written.toml(), third_revision).id(), written.id());
}

TEST(Upgrade, AStoredTextThatNamesNoRevisionIsOfTheFirst) {
  EXPECT_EQ(resolve(kVae, small_family, /*stored=*/true).text("train.convolution"), "exact");
  EXPECT_EQ(resolve(kVae).text("train.convolution"), "winograd");
}

TEST(Upgrade, RefusesATextOfANewerAssay) {
  EXPECT_THAT([] { resolve(kVae + "revision = [2, 9]\n"); },
              ThrowsMessage<Error>(
                  testing::AllOf(HasSubstr("revision = [2, 9]"), HasSubstr("update assay"))));
}

TEST(Identity, OfAllKeysIsWhatAnOlderAssayStored) {
  EXPECT_EQ(id_of_all_keys("name = \"x\"\nfamily = \"vae\"\nseeds = [0]\n[model]\nlatent_dim = 5\n"
                           "[train]\nbatch_size = 4\ncheckpoint_every_images = 7\n",
                           "x"),
            sha256_hex("family = \"vae\"\nmodel.latent_dim = 5\ntrain.batch_size = 4\n"));
}

class RelativePath : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_ / "below"); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path_in(const fs::path& file, const ResolveOptions& options = {}) const {
    return resolve_file(file, small_family, options).text("dataset.path");
  }
  fs::path folder_ =
      fs::canonical(fs::temp_directory_path()) / ("assay_paths_" + std::to_string(getpid()));
};

TEST_F(RelativePath, StartsFromTheFileThatSaysIt) {
  write_file_atomically(folder_ / "a.toml", kVae + "dataset.path = 'pictures'\n");
  write_file_atomically(folder_ / "below" / "b.toml", "extends = '../a.toml'\n");
  EXPECT_EQ(path_in(folder_ / "a.toml"), (folder_ / "pictures").string());
  EXPECT_EQ(path_in(folder_ / "below" / "b.toml"), (folder_ / "pictures").string());
}

TEST_F(RelativePath, OfACommandStartsFromTheWorkingFolder) {
  write_file_atomically(folder_ / "a.toml", kVae);
  // A folder may be called as a number is written, or a date.
  for (const std::string name : {"2024", "2024-05-01", "true", "1e5"}) {
    EXPECT_EQ(path_in(folder_ / "a.toml", {.overrides = {parse_override("dataset.path=" + name)}}),
              absolute_path(name).string());
  }
  EXPECT_EQ(path_in(folder_ / "a.toml", {.overrides = {parse_override("dataset.path=x/../y")}}),
            (fs::current_path() / "y").string());
}

TEST_F(RelativePath, AnAbsoluteOneStaysAndAnEmptyOneToo) {
  write_file_atomically(folder_ / "a.toml", kVae + "dataset.path = '/data'\n");
  write_file_atomically(folder_ / "b.toml", kVae);
  EXPECT_EQ(path_in(folder_ / "a.toml"), "/data");
  EXPECT_EQ(path_in(folder_ / "b.toml"), "");
}

}  // namespace
}  // namespace assay
