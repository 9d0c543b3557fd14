// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/definition.h"
#include "core/digest.h"
#include "core/error.h"
#include "tests/config/small_schema.h"
#include "tests/data/temporary_folder.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Two families: the small one, and one that stands on it.
FamilyKeys both(const std::string& name) {
  if (name != "diffusion") return small_family(name);
  return Schema{{.path = std::string(kFirstStageKey),
                 .default_value = std::string(),
                 .meaning = "of a first stage",
                 .identity = false},
                {.path = "model.width", .default_value = std::int64_t{8}, .meaning = "channels"}};
}

class FirstStage : public testing::Test {
 protected:
  void SetUp() override {
    write(
        "stage.toml",
        "family = 'vae'\nobjective.beta = 0.5\ntrain.images = 4000\n[smoke]\ntrain.images = 100\n");
    write("latent.toml", latent_);
  }
  void write(const std::string& name, const std::string& text) { folder_.write(name, text); }
  Definition resolve(ResolveOptions options = {}, const std::string& file = "latent.toml") {
    options.experiments = folder_.path();
    return resolve_file(folder_.path() / file, both, options);
  }
  Definition changed(const std::string& more) {
    write("changed.toml", latent_ + more);
    return resolve({}, "changed.toml");
  }

  const std::string latent_ =
      "family = 'diffusion'\nmodel.first_stage = 'stage'\ndataset.name = 'ring'\n";
  TemporaryFolder folder_;
};

TEST_F(FirstStage, IsTheDefinitionNamedOnTheDataOfTheOneThatNamesIt) {
  const auto latent = resolve();
  ASSERT_NE(latent.first_stage, nullptr);
  EXPECT_EQ(latent.first_stage->name, "stage");
  EXPECT_EQ(latent.first_stage->number("objective.beta"), 0.5);
  EXPECT_EQ(latent.first_stage->text("dataset.name"), "ring");
}

TEST_F(FirstStage, ItsTrainingIdIsPartOfBothIds) {
  const auto latent = resolve();
  const std::string line = "first_stage = \"" + latent.first_stage->training_id() + "\"\n";
  EXPECT_EQ(latent.canonical(),
            "family = \"diffusion\"\nrevision = [2, 1]\ndataset.name = \"ring\"\n" + line);
  EXPECT_EQ(latent.training_id(), sha256_hex(latent.canonical()));
}

TEST_F(FirstStage, WhatCanChangeItsWeightsChangesTheIdAndItsNameDoesNot) {
  const auto id = resolve().id();
  EXPECT_NE(changed("[first_stage.objective]\nbeta = 0.25\n").id(), id);
  EXPECT_EQ(changed("[first_stage.eval]\ngenerated = 77\n").id(), id);
  EXPECT_NE(changed("[first_stage.eval]\nweights = 'raw'\n[first_stage.ema]\ndecay = 0.9\n").id(),
            changed("[first_stage.ema]\ndecay = 0.9\n").id())
      << "other weights make other latents";
  write("elsewhere.toml", "extends = 'stage.toml'\n");
  EXPECT_EQ(resolve({.overrides = {{"model.first_stage", "elsewhere"}}}).id(), id);
}

TEST_F(FirstStage, IsChangedByItsTableBySetAndBySmoke) {
  EXPECT_EQ(changed("[first_stage.train]\nimages = 9\n").first_stage->integer("train.images"), 9);
  const Override set{"first_stage.train.images", "7"};
  EXPECT_EQ(resolve({.overrides = {set}}).first_stage->integer("train.images"), 7);
  EXPECT_EQ(resolve({.smoke = true}).first_stage->integer("train.images"), 100);
}

TEST_F(FirstStage, StoredTextHoldsItWhole) {
  const auto latent = changed("[first_stage.objective]\nbeta = 0.25\n");
  const auto again = resolve_text(latent.toml(), "stored", both, {.stored = true});
  ASSERT_NE(again.first_stage, nullptr);
  EXPECT_EQ(again.id(), latent.id());
  EXPECT_EQ(again.first_stage->canonical(), latent.first_stage->canonical());
  EXPECT_EQ(again.first_stage->name, "stage");
  EXPECT_EQ(again.toml(), latent.toml());
  EXPECT_EQ(again.first_stage->text("dataset.name"), "ring");
}

TEST_F(FirstStage, AFileIsFoundBesideTheOneThatNamesIt) {
  std::filesystem::create_directory(folder_.path() / "deep");
  write("deep/own.toml", "family = 'vae'\nobjective.beta = 3\n");
  write("deep/latent.toml", "family = 'diffusion'\nmodel.first_stage = 'own.toml'\n");
  EXPECT_EQ(resolve({}, "deep/latent.toml").first_stage->number("objective.beta"), 3.0);
}

TEST_F(FirstStage, WhatCannotBeIsRefusedWithItsPlace) {
  EXPECT_THAT(
      [&] {
        resolve({.overrides = {{"model.first_stage", "no/such"}}});
      },
      ThrowsMessage<Error>(HasSubstr("'no/such' is no definition")));
  EXPECT_THAT([&] { changed("[first_stage.objective]\nbeat = 1\n"); },
              ThrowsMessage<Error>(HasSubstr("unknown key 'beat'")));
  EXPECT_THAT([&] { changed("[first_stage.dataset]\nname = 'grid'\n"); },
              ThrowsMessage<Error>(HasSubstr("first_stage.dataset.name has no effect")));
  EXPECT_THAT(
      [&] {
        resolve({.overrides = {{"model.first_stage", "latent"}}});
      },
      ThrowsMessage<Error>(HasSubstr("first stage")));
  write("own.toml", "family = 'diffusion'\nmodel.first_stage = 'own.toml'\n");
  EXPECT_THAT([&] { resolve({}, "own.toml"); },
              ThrowsMessage<Error>(HasSubstr("has a first stage of its own")));
  write("none.toml", "family = 'diffusion'\n[first_stage.train]\nimages = 9\n");
  EXPECT_THAT([&] { resolve({}, "none.toml"); },
              ThrowsMessage<Error>(HasSubstr("model.first_stage names none")));
}

}  // namespace
}  // namespace assay
