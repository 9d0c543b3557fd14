// SPDX-License-Identifier: Apache-2.0
#include "config/definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/digest.h"
#include "core/file.h"
#include "tests/config/small_schema.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kVae = "family = \"vae\"\n";

Definition resolve(const std::string& toml, const ResolveOptions& options = {}) {
  return resolve_text(toml, "x.toml", small_family, options);
}

TEST(Definition, FillsDefaultsInAndRemembersWhereValuesCameFrom) {
  const Definition d = resolve("family = \"vae\"\n[model]\nlatent_dim = 5\n",
                               {.overrides = {parse_override("objective.beta=4")}});
  EXPECT_EQ(d.integer("model.latent_dim"), 5);
  EXPECT_EQ(d.values.at("model.latent_dim").origin, "x.toml:3:14");
  EXPECT_EQ(d.number("objective.beta"), 4.0);
  EXPECT_EQ(d.values.at("objective.beta").origin, "--set objective.beta=4");
  EXPECT_EQ(d.text("objective.likelihood"), "bernoulli");
  EXPECT_EQ(d.values.at("objective.likelihood").origin, "default");
}

TEST(Definition, IdIsTheDigestOfTheCanonicalForm) {
  const Definition d = resolve("family = \"vae\"\n");
  EXPECT_EQ(d.id(), sha256_hex(d.canonical()));
  EXPECT_EQ(d.canonical(), "family = \"vae\"\nrevision = [2, 1]\n");
}

TEST(Definition, IdIgnoresOrderCommentsSpellingAndWhatCannotChangeANumber) {
  const std::string id =
      resolve("family = \"vae\"\n[objective]\nbeta = 2.0\n[model]\nlatent_dim = 5\n").id();
  EXPECT_EQ(resolve("# hi\nfamily = 'vae'\nmodel = {latent_dim = 5}\nobjective.beta = 2\n").id(),
            id);
  EXPECT_EQ(resolve("family='vae'\nname='n'\nnote='t'\nseeds=[1,2]\ntier='gpu'\nmodel.latent_dim="
                    "5\nobjective.beta=2\n"
                    "train.checkpoint_every_images=7\n")
                .id(),
            id);
  EXPECT_NE(resolve("family='vae'\nmodel.latent_dim=6\nobjective.beta=2\n").id(), id);
}

TEST(Definition, ItsTomlResolvesToItselfAgain) {
  const Definition d = resolve(
      "family='vae'\nname='a/b'\nnote='quote \" slash \\\\ tab \\t ünï'\nseeds=[3,4]\n"
      "[model]\nhidden=[10,20]\n[optimizer]\nlearning_rate=3e-4\n");
  const Definition again = resolve(d.toml());
  EXPECT_EQ(again.id(), d.id());
  EXPECT_EQ(again.note, d.note);
  EXPECT_EQ(again.name, "a/b");
  EXPECT_EQ(again.seeds, (std::vector<std::uint64_t>{3, 4}));
  EXPECT_EQ(again.toml(), d.toml());
}

TEST(Definition, SmokeTableIsAppliedOnlyWhenAskedForAndChangesTheId) {
  const std::string toml =
      "family='vae'\n[train]\nimages=1000\n[smoke]\ntrain.images=10\n[smoke.model]\nlatent_dim=2\n";
  const Definition whole = resolve(toml), smoke = resolve(toml, {.smoke = true});
  EXPECT_EQ(whole.integer("train.images"), 1000);
  EXPECT_EQ(smoke.integer("train.images"), 10);
  EXPECT_EQ(smoke.integer("model.latent_dim"), 2);
  EXPECT_EQ(smoke.values.at("train.images").origin, "x.toml:5:14 ([smoke])");
  EXPECT_NE(whole.id(), smoke.id());
}

TEST(Definition, OverridesBeatTheSmokeTable) {
  const std::string toml = "family='vae'\n[smoke]\ntrain.images=10\n";
  EXPECT_EQ(resolve(toml, {.overrides = {parse_override("train.images=20")}, .smoke = true})
                .integer("train.images"),
            20);
}

TEST(Definition, SmokeBeatsASuiteMembersSettings) {
  const std::string toml = kVae + "train.images = 5000\n[smoke]\ntrain.images = 100\n";
  const auto images = [&](const std::vector<Override>& member, bool smoke) {
    return resolve(toml, {.smoke = smoke, .member = member}).integer("train.images");
  };
  EXPECT_EQ(images({{"train.images", "900"}}, false), 900);
  EXPECT_EQ(images({{"train.images", "900"}}, true), 100);
  EXPECT_EQ(images({{"train.images", "50"}}, true), 50) << "smoke must not lengthen it";
}

// 0 is "all" or "never", no cut.
TEST(Definition, SmokeOfABaseBeatsAnOwnValueOfNothing) {
  const std::string toml = kVae + "eval.every_images = 5000\n[smoke]\neval.every_images = 100\n";
  for (const auto& [own, expected] : {std::pair{"0", 100}, {"50", 50}, {"900", 100}}) {
    const Definition cut = resolve(toml, {.smoke = true, .member = {{"eval.every_images", own}}});
    EXPECT_EQ(cut.integer("eval.every_images"), expected) << own;
  }
}

std::string refusal(const std::string& toml, const ResolveOptions& options = {}) {
  ResolveOptions checked = options;
  checked.check_effects = true;
  try {
    resolve(toml, checked);
  } catch (const Error& problem) {
    return problem.what();
  }
  return "";
}

TEST(Effects, RefusesAKeyThatAnotherOneSwitchesOff) {
  EXPECT_EQ(refusal(kVae + "objective.sigma = 0.5\n"),
            "x.toml:2:19: objective.sigma = 0.5 has no effect: objective.likelihood is "
            "\"bernoulli\" (default); it needs objective.likelihood = \"gaussian\"");
  EXPECT_EQ(refusal(kVae, {.overrides = {{"objective.sigma", "0.5", "--set s"}}}),
            "--set s: objective.sigma = 0.5 has no effect: objective.likelihood is "
            "\"bernoulli\" (default); it needs objective.likelihood = \"gaussian\"");
  EXPECT_EQ(refusal(kVae + "objective.sigma = 1.0\n"), "") << "its default misleads nobody";
  EXPECT_EQ(refusal(kVae + "objective.sigma = 0.5\nobjective.likelihood = \"gaussian\"\n"), "");
}

TEST(Effects, LeavesAloneWhatALaterLayerSwitchesOff) {
  const std::string gaussian =
      kVae + "objective.sigma = 0.5\nobjective.likelihood = \"gaussian\"\n";
  EXPECT_EQ(refusal(gaussian, {.overrides = {{"objective.likelihood", "bernoulli"}}}), "");
  EXPECT_EQ(refusal(gaussian, {.member = {{"objective.likelihood", "bernoulli"}}}), "");
}

TEST(Effects, AnEmptyNeedIsAnythingButTheDefault) {
  EXPECT_EQ(refusal(kVae + "objective.beta = 4\nobjective.warm_up = 3\n"), "");
  EXPECT_EQ(refusal(kVae + "objective.warm_up = 3\n"),
            "x.toml:2:21: objective.warm_up = 3.0 has no effect: objective.beta is 1.0 (default); "
            "it needs objective.beta other than 1.0");
}

TEST(Effects, ANeedOfANumberYieldsToALaterLayer) {
  const std::string half_life = "ema.half_life_images = 500000\n";
  EXPECT_EQ(refusal(kVae + "ema.decay = 0.999\n" + half_life),
            "x.toml:2:13: ema.decay = 0.999 has no effect: ema.half_life_images is 500000 "
            "(x.toml:3:24); it needs ema.half_life_images = 0");
  EXPECT_EQ(refusal(kVae + half_life, {.overrides = {{"ema.ramp", "false", "--set r"}}}),
            "--set r: ema.ramp = false has no effect: ema.half_life_images is 500000 "
            "(x.toml:2:24); it needs ema.half_life_images = 0");
  EXPECT_EQ(refusal(kVae + "ema.decay = 0.999\n",
                    {.overrides = {{"ema.half_life_images", "500000", "--set h"}}}),
            "");
  EXPECT_EQ(refusal(kVae + "ema.decay = 0.999\nema.ramp = false\n"), "");
}

TEST(Effects, ADataSeedIsOfWhatIsDrawn) {
  const std::string seed = "dataset.seed = 3\n";
  EXPECT_EQ(refusal(kVae + seed),
            "x.toml:2:16: dataset.seed = 3 has no effect: dataset.name is \"fashion_mnist\" "
            "(default), whose examples are read, and dataset.binarisation is \"none\" (default); "
            "leave it out");
  EXPECT_EQ(refusal(kVae + seed + "dataset.name = \"shapes\"\n"), "");
  EXPECT_EQ(refusal(kVae + seed + "dataset.binarisation = \"static\"\n"), "");
}

TEST(Effects, RawWeightsAreNamedWhereAveragesAreKept) {
  const std::string raw = "eval.weights = \"raw\"\n";
  EXPECT_EQ(refusal(kVae + raw),
            "x.toml:2:16: eval.weights = \"raw\" has no effect: ema.decay is 0.0 (default) and "
            "ema.half_life_images is 0 (default), so that no others are kept; it needs ema.decay "
            "above 0.0 or ema.half_life_images above 0");
  EXPECT_THAT(
      refusal(kVae + "ema.decay = 0.0\n", {.overrides = {{"eval.weights", "raw", "--set"}}}),
      testing::StartsWith("--set: eval.weights = \"raw\" has no effect: "));
  EXPECT_EQ(refusal(kVae + "ema.decay = 0.9\n" + raw), "");
  EXPECT_EQ(refusal(kVae + "ema.half_life_images = 500000\n" + raw), "");
  EXPECT_EQ(refusal(kVae + raw, {.overrides = {{"ema.half_life_images", "5", "--set h"}}}), "");
}

TEST(Definition, OverrideValuesAreTomlOrBareWords) {
  const Definition d = resolve(
      "family='vae'\n",
      {.overrides = {parse_override("optimizer.learning_rate=1e-7"),
                     parse_override("dataset.name=ring"), parse_override("model.hidden=[1, 2]"),
                     parse_override("eval.untrained=false")}});
  EXPECT_EQ(d.number("optimizer.learning_rate"), 1e-7);
  EXPECT_EQ(d.text("dataset.name"), "ring");
  EXPECT_EQ(d.integers("model.hidden"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_FALSE(d.boolean("eval.untrained"));
}

TEST(Definition, ATextThatIsNotUtf8IsRefusedByKey) {
  EXPECT_EQ(
      refusal(kVae, {.overrides = {{"dataset.path", "/data/caf\xE9", "--set p"}}}),
      "--set p: dataset.path is a text that is not UTF-8, which no definition can hold; rename "
      "what it names");
  EXPECT_EQ(refusal(kVae, {.overrides = {{"dataset.path", "/data/café", "--set p"}}}), "");
}

TEST(Definition, WrongAccessIsAProgrammersError) {
  const Definition d = resolve("family='vae'\n");
  EXPECT_THROW(d.integer("model.nothing"), std::logic_error);
  EXPECT_THROW(d.text("model.latent_dim"), std::logic_error);
}

class ExtendsTest : public testing::Test {
 protected:
  fs::path root_ = fs::temp_directory_path() / ("assay_extends_test_" + std::to_string(getpid()));
  void write(const std::string& name, const std::string& text) {
    write_file_atomically(root_ / name, text);
  }
  Definition read(const std::string& name) {
    return resolve_file(root_ / name, small_family, {.experiments = root_});
  }
  void TearDown() override { fs::remove_all(root_); }
};

TEST_F(ExtendsTest, TakesValuesFromTheBaseAndOverridesThem) {
  write("vae/base.toml",
        "family='vae'\nname='Base'\nnote='n'\n[model]\nlatent_dim=3\n[objective]\nbeta=2\n[smoke]"
        "\ntrain.images=9\n");
  write("vae/x.toml", "extends='base.toml'\n[objective]\nbeta=5\n");
  const Definition d = read("vae/x.toml");
  EXPECT_EQ(d.name, "vae/x");
  EXPECT_EQ(d.note, "n");
  EXPECT_EQ(d.integer("model.latent_dim"), 3);
  EXPECT_EQ(d.number("objective.beta"), 5);
  EXPECT_THAT(d.values.at("model.latent_dim").origin, HasSubstr("base.toml:5"));
}

TEST_F(ExtendsTest, FindsTheBaseBesideBelowExperimentsAndByAbsolutePath) {
  write("vae/base.toml", "family='vae'\n");
  write("a/one.toml", "extends='vae/base'\n");
  write("a/two.toml", "extends='vae/base.toml'\n");
  write("a/three.toml", "extends='" + (root_ / "vae/base.toml").string() + "'\n");
  for (const char* name : {"a/one.toml", "a/two.toml", "a/three.toml"})
    EXPECT_EQ(read(name).family, "vae");
}

TEST_F(ExtendsTest, SaysWhenTheBaseIsMissingOrLeadsBack) {
  write("a.toml", "extends='b.toml'\n");
  write("b.toml", "extends='a.toml'\n");
  write("c.toml", "\nextends='none.toml'\n");
  EXPECT_THAT([&] { read("a.toml"); },
              ThrowsMessage<Error>(HasSubstr("'extends' leads back to this file")));
  EXPECT_THAT([&] { read("c.toml"); },
              ThrowsMessage<Error>(HasSubstr("c.toml:2:9: extends = 'none.toml' is no file")));
}

}  // namespace
}  // namespace assay
