// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cli/eval/eval_plan.h"
#include "core/file.h"
#include "data/npz.h"
#include "data/png.h"
#include "tests/cli/eval_fixture.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

at::Tensor normal_rows(std::uint64_t seed, std::int64_t rows, std::int64_t columns) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn({rows, columns}, generator, at::TensorOptions(at::kFloat));
}

class EvalTest : public EvalFixture {
 protected:
  std::string features(const std::string& name, const at::Tensor& rows) const {
    write_npz(folder_ / (name + ".npz"), {{"features", rows}});
    return (folder_ / (name + ".npz")).string();
  }
  std::string images(const std::string& name, const std::vector<at::Tensor>& pictures) const {
    fs::create_directories(folder_ / name);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      write_file_atomically(folder_ / name / fmt::format("{:03}.png", i), encode_png(pictures[i]));
    }
    return (folder_ / name).string();
  }
  static std::vector<at::Tensor> noise(std::uint64_t seed, int count, at::IntArrayRef shape) {
    auto generator = at::detail::createCPUGenerator(seed);
    std::vector<at::Tensor> pictures;
    for (int i = 0; i < count; ++i) {
      pictures.push_back(at::randint(0, 256, shape, generator, at::TensorOptions(at::kByte)));
    }
    return pictures;
  }

  std::string plan_refusal() const {
    try {
      plan_evaluation(command_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(EvalTest, GivesTheUsualScoresOfFeaturesWithErrorsAndProtocols) {
  command_.generated = features("g", normal_rows(1, 60, 4));
  command_.reference = features("r", normal_rows(2, 80, 4));
  const Json metrics = result()["metrics"];
  EXPECT_EQ(metrics.size(), 6U);  // no logits, so no inception_score
  for (const std::string name : {"fd", "kid", "precision", "recall", "density", "coverage"}) {
    ASSERT_TRUE(metrics.contains(name)) << name;
    EXPECT_EQ(metrics[name]["n_generated"], 60) << name;
    EXPECT_EQ(metrics[name]["n_reference"], 80) << name;
    EXPECT_GT(metrics[name]["standard_error"].get<double>(), 0.0) << name;
    EXPECT_EQ(metrics[name]["protocol"]["metric"], name);
  }
}

TEST_F(EvalTest, LeavesOutWithANoteWhatTooFewRowsDoNotAllow) {
  command_.generated = features("g", normal_rows(1, 3, 2));
  command_.reference = features("r", normal_rows(2, 30, 2));
  const Json found = result();
  EXPECT_TRUE(found["metrics"].contains("fd"));
  EXPECT_FALSE(found["metrics"].contains("recall"));
  EXPECT_THAT(found["notes"].dump(),
              HasSubstr("recall: needs 4 or more generated rows (k = 3 neighbours)"));
  command_.metrics = {"fd", "recall"};  // asked for, so an error
  EXPECT_THAT(refusal(), HasSubstr("recall: needs 4 or more generated rows (k = 3 neighbours)"));
}

TEST_F(EvalTest, RefusesBadWordsBeforeItReadsAnything) {
  command_.generated = command_.reference = "/no/such/folder";
  const auto with = [&](auto set) {
    EvalTest::command_.metrics = {"fd"};
    EvalTest::command_.set = {};
    EvalTest::command_.compat = "";
    EvalTest::command_.extractor = "pixels";
    EvalTest::command_.resize = "";
    set();
    return plan_refusal();
  };
  EXPECT_THAT(with([&] { command_.metrics = {"fdd"}; }), HasSubstr("did you mean 'fd'?"));
  EXPECT_THAT(with([&] { command_.metrics = {"fid"}; }), HasSubstr("Inception-v3"));
  EXPECT_THAT(with([&] { command_.compat = "torch-fidelty"; }), HasSubstr("'torch-fidelity'"));
  EXPECT_THAT(with([&] { command_.extractor = "pixel"; }), HasSubstr("did you mean 'pixels'?"));
  EXPECT_THAT(with([&] { command_.resize = "bilinea"; }), HasSubstr("'bilinear'"));
  EXPECT_THAT(with([&] { command_.set = {"kid.subsets=3"}; }),
              HasSubstr("kid is not among the metrics"));
  EXPECT_THAT(with([&] {
                command_.compat = "prdc";
                command_.metrics = {"vendi"};
              }),
              HasSubstr("prdc 0.2 does not compute it"));
  EXPECT_EQ(with([] {}), "");
}

TEST_F(EvalTest, FollowsAPeersImagePreparationUnderInception) {
  command_.extractor = "inception-v3";
  command_.reference = "real/";
  command_.metrics = {"fid"};
  command_.compat = "pytorch-fid";
  const auto plan = plan_evaluation(command_);
  EXPECT_EQ(plan.extractor.resize, ResizeRule::kBilinear);
  EXPECT_TRUE(plan.extractor.unit_scaling);
  EXPECT_EQ(plan.shown_name("fd", /*from_images=*/true), "fid");
  EXPECT_EQ(plan.shown_name("fd", /*from_images=*/false), "fd");
}

TEST_F(EvalTest, NamesOddSizesUnlessTheyAreResized) {
  auto pictures = noise(1, 12, {3, 40, 40});
  pictures[5] = noise(2, 1, {3, 30, 50})[0];
  command_.generated = images("mixed", pictures);
  command_.reference = images("even", noise(3, 12, {3, 40, 40}));
  command_.metrics = {"fd"};
  EXPECT_THAT(refusal(), HasSubstr("005.png (50x30, 3 channels); choose how to bring them to one "
                                   "size with --resize RULE"));
  command_.extractor = "efficientnet-lite0";
  command_.resize = "bilinear";
  EXPECT_GT(result()["metrics"]["fd"]["value"].get<double>(), 0.0);
}

TEST_F(EvalTest, RefusesGreyAgainstColour) {
  command_.generated = images("grey", noise(1, 5, {1, 8, 8}));
  command_.reference = images("colour", noise(2, 5, {3, 8, 8}));
  EXPECT_THAT(refusal(), HasSubstr("holds grey images"));
}

TEST_F(EvalTest, OfIdenticalImagesAreDefined) {
  const auto black = std::vector<at::Tensor>(20, at::zeros({1, 8, 8}, at::kByte));
  command_.generated = images("a", black);
  command_.reference = images("b", black);
  const Json metrics = result()["metrics"];
  EXPECT_EQ(metrics["fd"]["value"], 0.0);
  EXPECT_EQ(metrics["kid"]["value"], 0.0);
  EXPECT_EQ(metrics["precision"]["value"], 1.0);
  EXPECT_EQ(metrics["coverage"]["value"], 1.0);
}

TEST_F(EvalTest, NeverPrintsANumberThatIsNone) {
  command_.generated = features("g", normal_rows(1, 50, 4) * 1e30F);
  command_.reference = features("r", normal_rows(2, 50, 4) * 1e30F);
  command_.metrics = {"kid"};
  const auto text = refusal();
  if (text.empty()) {
    EXPECT_TRUE(result()["metrics"]["kid"]["value"].is_number());
  } else {
    EXPECT_THAT(text, HasSubstr("too large"));
  }
}

TEST_F(EvalTest, NamesWhatItWasGivenInEveryRefusal) {
  command_.reference = features("r", normal_rows(2, 50, 4));
  command_.generated = "cafe";
  EXPECT_THAT(refusal(), HasSubstr("cafe: no such folder, so taken as a run"));
  command_.generated = "fashion_mnis:test";
  EXPECT_THAT(refusal(), HasSubstr("did you mean 'fashion_mnist'?"));
  command_.generated = "picture.png";
  EXPECT_THAT(refusal(), HasSubstr("give the folder that holds them"));
  command_.generated = command_.reference;
  command_.resize = "bilinear";
  EXPECT_THAT(refusal(), HasSubstr("no --resize or --weights applies"));
}

TEST_F(EvalTest, TrainsAClassifierOnGeneratedImagesForCas) {
  const auto dark_and_light = [](std::int64_t count) {
    const auto labels = at::arange(count, at::kLong).remainder(2);
    const auto images = (labels * 200).to(at::kByte).view({count, 1, 1}).expand({count, 28, 28});
    return std::pair(images.contiguous(), labels);
  };
  const auto [images, labels] = dark_and_light(128);
  write_npz(folder_ / "g.npz", {{"images", images}, {"y", labels}});
  const auto [real, classes] = dark_and_light(20);
  write_npz(folder_ / "r.npz", {{"arr_0", real}, {"arr_1", classes.to(at::kByte)}});
  command_.generated = folder_ / "g.npz";
  command_.reference = folder_ / "r.npz";
  command_.metrics = {"cas"};
  command_.set = {"cas.epochs=20"};
  command_.extractor = "inception-v3";  // whose weights nobody has here: none is needed
  const Json found = result()["metrics"]["cas"];
  EXPECT_EQ(found["value"], 1.0);
  EXPECT_EQ(found["n_reference"], 20);
  EXPECT_FALSE(found["protocol"].contains("extractor"));
  EXPECT_TRUE(found["protocol"].contains("generated_labels"));
}

TEST_F(EvalTest, NeedsImagesOfOneSizeAndLabelsForCas) {
  command_.metrics = {"cas"};
  command_.generated = images("g", noise(1, 12, {1, 28, 28}));
  command_.reference = images("r", noise(2, 12, {1, 28, 28}));
  EXPECT_THAT(refusal(), HasSubstr("cas: needs labels; " + command_.generated));
  command_.generated = features("f", normal_rows(1, 50, 4));
  command_.reference = command_.generated;
  EXPECT_THAT(refusal(), HasSubstr("cas: needs images of one size; " + command_.generated));
}

/// Codes that are two factors of 4 and 3 values on their whole grid, each combination ten times, a
/// code that is noise, and posteriors of a hundredth.
NpzArrays good_codes() {
  const auto i = at::arange(120, at::kLong);
  const auto factors = at::stack({i.remainder(4), i.floor_divide(4).remainder(3)}, 1);
  const auto codes = at::cat({factors.to(at::kFloat) * 2.0F, normal_rows(1, 120, 1)}, 1);
  return {{"codes", codes},
          {"codes_logvar", at::full_like(codes, std::log(1e-4F))},
          {"factors", factors}};
}

TEST_F(EvalTest, ScoresCodesOfAFileWithoutAReference) {
  write_npz(folder_ / "codes.npz", good_codes());
  command_.generated = folder_ / "codes.npz";
  command_.metrics = {"mig",
                      "mig_sampled",
                      "modularity",
                      "sap",
                      "factor_vae_score",
                      "beta_vae_score",
                      "dci_disentanglement",
                      "dci_completeness",
                      "dci_informativeness",
                      "active_units",
                      "total_correlation",
                      "gaussian_total_correlation"};
  command_.set = {"factor_vae_score.groups=500", "beta_vae_score.groups=600"};
  const Json found = result();
  const Json& metrics = found["metrics"];
  EXPECT_EQ(metrics.size(), 12U);
  // Noise of 120 rows in 20 bins tells a little of the factors.
  EXPECT_GT(metrics["mig"]["value"].get<double>(), 0.7);
  EXPECT_GT(metrics["mig_sampled"]["value"].get<double>(), 0.0);
  EXPECT_EQ(metrics["factor_vae_score"]["value"], 1.0);
  EXPECT_EQ(metrics["beta_vae_score"]["value"], 1.0);
  EXPECT_GT(metrics["dci_disentanglement"]["value"].get<double>(), 0.9);
  EXPECT_EQ(metrics["active_units"]["value"], 3.0);
  // Which combination of three independent codes it is: nearly nothing by the covariance.
  EXPECT_LT(metrics["gaussian_total_correlation"]["value"].get<double>(), 0.05);
  EXPECT_EQ(metrics["mig"]["n_generated"], 120);
  EXPECT_EQ(metrics["mig"]["n_reference"], 0);
  const Json& protocol = metrics["factor_vae_score"]["protocol"];
  EXPECT_EQ(protocol["groups"], "500");
  EXPECT_EQ(protocol["codes"], command_.generated);
  EXPECT_EQ(protocol["codes_digest"].get<std::string>().size(), 64U);
  // A reference is not needed, and not read.
  command_.reference = "/no/such/folder";
  EXPECT_THAT(result()["notes"].dump(), HasSubstr("--reference was not read"));
}

TEST_F(EvalTest, RefusesCodesThatCannotBeScored) {
  const auto with = [&](const std::string& metric, auto change) {
    NpzArrays arrays = good_codes();
    change(arrays);
    write_npz(folder_ / "codes.npz", arrays);
    EvalTest::command_.generated = folder_ / "codes.npz";
    EvalTest::command_.metrics = {metric};
    return refusal();
  };
  const auto drop = [](const char* name) { return [=](NpzArrays& all) { all.erase(name); }; };
  EXPECT_EQ(with("mig", drop("codes_logvar")), "");
  EXPECT_EQ(with("total_correlation", drop("factors")), "");
  EXPECT_THAT(with("mig", drop("factors")), HasSubstr("mig: needs 'factors' (int64 [N,F])"));
  EXPECT_THAT(with("mig_sampled", drop("codes_logvar")), HasSubstr("needs 'codes_logvar'"));
  EXPECT_THAT(with("mig", drop("codes")), HasSubstr("holds factors, but no 'codes'"));
  EXPECT_THAT(with("mig", [](NpzArrays& all) { all["factors"] = all["factors"].to(at::kDouble); }),
              HasSubstr("its factors are Double [120, 2]; whole numbers"));
  EXPECT_THAT(with("mig", [](NpzArrays& all) { all["factors"] = all["factors"].slice(0, 1); }),
              HasSubstr("holds 120 rows of codes, but 119 of factors"));
  EXPECT_THAT(with("mig", [](NpzArrays& all) { all["factors"] = all["factors"] - 1; }),
              HasSubstr("holds a negative factor"));
  EXPECT_THAT(with("mig", [](NpzArrays& all) { all["codes"][7][1] = NAN; }),
              HasSubstr("the code input holds values that are not finite in 1 of 120 rows, first "
                        "in row 7"));
  EXPECT_THAT(with("mig_sampled",
                   [](NpzArrays& all) {
                     all["codes_logvar"] = all["codes_logvar"].slice(1, 0, 2).contiguous();
                   }),
              HasSubstr("its codes are [120, 3], its codes_logvar [120, 2]"));
  EXPECT_THAT(with("fd", [](NpzArrays&) {}), HasSubstr("--reference is missing"));
  command_.reference = command_.generated;
  EXPECT_THAT(refusal(), HasSubstr("has none (of codes, ask for --metrics mig,sap)"));
}

TEST_F(EvalTest, ScoresSamplesAloneWithoutAReference) {
  command_.generated = features("g", normal_rows(1, 90, 3));
  command_.metrics = {"vendi"};
  const Json alone = result()["metrics"]["vendi"];
  EXPECT_GT(alone["value"].get<double>(), 1.0);
  command_.reference = features("r", normal_rows(2, 90, 3));
  const Json beside = result()["metrics"]["vendi"];
  EXPECT_EQ(beside["value"], alone["value"]);
  EXPECT_EQ(beside["protocol"], alone["protocol"]);
  command_.reference.clear();
  command_.metrics = {"vendi", "fd"};
  EXPECT_THAT(refusal(), HasSubstr("--reference is missing"));
}

TEST_F(EvalTest, NeedsHeldOutDataForDataCopying) {
  command_.generated = features("g", normal_rows(1, 90, 2));
  command_.reference = features("r", normal_rows(2, 90, 2));
  command_.metrics = {"ct"};
  EXPECT_THAT(refusal(), HasSubstr("needs --held-out"));
  command_.held_out = features("h", normal_rows(3, 90, 2));
  const Json ct = result()["metrics"]["ct"];
  EXPECT_TRUE(ct["protocol"].contains("held_out_digest"));
  command_.held_out = command_.reference;
  EXPECT_THAT(refusal(), HasSubstr("is the reference itself; give --held-out other real data"));
}

TEST_F(EvalTest, SaysThatAnInceptionScoreIsOfTheOrderOfRows) {
  const std::string oracle = ASSAY_SOURCE_DIR "/tests/oracle/";
  command_.metrics = {"inception_score"};
  command_.generated = command_.reference = oracle + "is_sorted.npz";
  EXPECT_THAT(result()["notes"].dump(), HasSubstr("depends on the order of the rows"));
  EXPECT_FALSE(result()["metrics"]["inception_score"]["protocol"].contains("reference"));
  command_.generated = command_.reference = oracle + "is_shuffled.npz";
  const Json shuffled = result();
  EXPECT_THAT(shuffled["notes"].dump(), Not(HasSubstr("order")));
  EXPECT_NEAR(shuffled["metrics"]["inception_score"]["value"].get<double>(), 9.54, 0.01);
}

TEST_F(EvalTest, RefusesScoresOfMemorisingAgainstATestSplit) {
  command_.generated = images("g", noise(1, 4, {1, 28, 28}));
  command_.reference = "generated_images:test";
  for (const std::string metric : {"authpct", "mifid"}) {
    command_.metrics = {metric};
    EXPECT_THAT(refusal(), HasSubstr("nothing was trained on generated_images:test"));
  }
}

}  // namespace
}  // namespace assay
