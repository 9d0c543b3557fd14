// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluation_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "data/png.h"
#include "harness/runner.h"
#include "tests/harness/recording.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

using testing::HasSubstr;

Definition with(const std::string& evaluation, const std::string& family = "vae",
                const std::string& model = "") {
  return resolve_text("family = '" + family +
                          "'\n[dataset]\nname = 'generated_images'\nsize = 16\n"
                          "count = 64\n[train]\nbatch_size = 16\nimages = 160\n[model]\n" +
                          model + "\n[eval]\nextractor = 'pixels'\ngenerated = 40\n" + evaluation,
                      "small.toml", family_schema, {});
}

std::string refusal(const Definition& definition) {
  try {
    check_evaluation(definition);
  } catch (const Error& problem) {
    return problem.what();
  }
  return "";
}

// With a data set of `real` images, of `classes` classes in turn (0: no labels).
std::string refusal(const Definition& definition, const std::vector<std::int64_t>& shape,
                    std::int64_t real, std::int64_t classes) {
  auto sizes = shape;
  sizes.insert(sizes.begin(), real);
  Dataset dataset;
  dataset.name = "made up";
  dataset.classes = classes;
  for (DataSplit* split : {&dataset.train, &dataset.test}) {
    split->images = torch::zeros(sizes, torch::kByte);
    if (classes > 0) split->labels = torch::arange(real).remainder(classes);
  }
  try {
    check_evaluation(definition, dataset);
  } catch (const Error& problem) {
    return problem.what();
  }
  return "";
}

TEST(CheckEvaluation, RefusesWhatTheDefinitionAloneTells) {
  EXPECT_EQ(refusal(with("metrics = ['fd', 'elbo', 'kid']")), "");
  EXPECT_THAT(refusal(with("metrics = ['fd', 'elbo', 'fd']")),
              HasSubstr("eval.metrics: fd is named twice"));
  EXPECT_THAT(refusal(with("metrics = ['fd']\noptions = ['kid.subsets=3']")),
              HasSubstr("eval.options: kid.subsets: kid is not among eval.metrics"));
  EXPECT_THAT(refusal(with("metrics = ['kid']\noptions = ['kid.subsets=3', 'kid.subsets=4']")),
              HasSubstr("kid.subsets is set twice"));
  EXPECT_THAT(refusal(with("metrics = ['kid']\noptions = ['kid.seed=3']")),
              HasSubstr("kid.seed: belongs to subsets, but kid goes over all pairs"));
  EXPECT_THAT(refusal(with("metrics = ['kid']\noptions = ['kid.subsets=2.5']")),
              HasSubstr("kid.subsets = 2.5: must be a whole number"));
}

TEST(CheckEvaluation, AttributesAreOfModelsThatAreToldThem) {
  EXPECT_THAT(refusal(with("metrics = ['attribute_accuracy']")),
              HasSubstr("attribute_accuracy needs samples that are asked for attributes"));
}

TEST(CheckEvaluation, RefusesTooFewSamplesOrReferenceImages) {
  EXPECT_THAT(
      refusal(with("metrics = ['kid']\noptions = ['kid.subsets=10']")),
      HasSubstr("kid: needs 1000 or more generated rows (kid.subset_size = 1000), and there "
                "are 40; change eval.generated"));
  EXPECT_EQ(refusal(with("metrics = ['kid']\noptions = ['kid.subsets=10', 'kid.subset_size=40']")),
            "");
  EXPECT_THAT(refusal(with("metrics = ['kid']\nreference_count = 30\noptions = "
                           "['kid.subsets=10', 'kid.subset_size=40']")),
              HasSubstr("needs 40 or more reference rows"));
  EXPECT_THAT(refusal(with("metrics = ['recall']\nneighbours = 40")),
              HasSubstr("recall: needs 41 or more generated rows (k = 40 neighbours)"));
  EXPECT_EQ(refusal(with("metrics = ['recall']\nneighbours = 39")), "");
  EXPECT_THAT(refusal(with("metrics = ['precision']\nreference_count = 3")),
              HasSubstr("precision: needs 4 or more reference rows"));
  EXPECT_THAT(refusal(with("metrics = ['ct']\nreference_split = 'train'\noptions = "
                           "['ct.min_generated=40']")),
              HasSubstr("ct: needs 41 or more generated rows"));
}

TEST(CheckEvaluation, RefusesWhatTheExtractorDoesNotGive) {
  EXPECT_THAT(refusal(with("metrics = ['inception_score']")),
              HasSubstr("inception_score: needs class logits"));
  EXPECT_THAT(refusal(with("metrics = ['sfd']")), HasSubstr("sfd: needs spatial features"));
  EXPECT_EQ(refusal(with("metrics = ['fd']"), {3, 16, 16}, 64, 0), "");
  Definition fmnist = with("metrics = ['fd']");
  fmnist.values.at("eval.extractor").value = std::string("fmnist-cnn");
  EXPECT_THAT(
      refusal(fmnist, {1, 16, 16}, 64, 0),
      HasSubstr("'fmnist-cnn', which takes 28x28 images of 1 channel only, not 16x16 of 1"));
  EXPECT_THAT(refusal(fmnist, {3, 28, 28}, 64, 0), HasSubstr("not 28x28 of 3"));
  EXPECT_EQ(refusal(fmnist, {1, 28, 28}, 64, 0), "");
  fmnist.values.at("dataset.padding").value = std::int64_t{2};
  EXPECT_EQ(refusal(fmnist, {1, 32, 32}, 64, 0), "");
  EXPECT_THAT(refusal(fmnist, {1, 28, 28}, 64, 0), HasSubstr("not 24x24 of 1"));
}

TEST(CheckEvaluation, RefusesWhatTheFamilyDoesNotGive) {
  EXPECT_THAT(refusal(with("metrics = ['elbo']", "gan")), HasSubstr("family 'gan' has none of"));
  EXPECT_THAT(refusal(with("metrics = ['iwae_nll']", "autoencoder")),
              HasSubstr("iwae_nll is a bound of a likelihood"));
  EXPECT_THAT(refusal(with("metrics = ['psnr']", "ddpm")),
              HasSubstr("psnr is of reconstructions, and family 'ddpm' makes none"));
  EXPECT_THAT(refusal(with("metrics = ['accuracy']")),
              HasSubstr("accuracy is of classifiers, and family 'vae' is none"));
  EXPECT_THAT(refusal(with("metrics = ['fd']", "classifier")),
              HasSubstr("family 'classifier' generates nothing"));
  for (const std::string metric : {"code_rate", "jacobian_norm"}) {
    EXPECT_THAT(refusal(with("metrics = ['" + metric + "']", "vq_vae")),
                HasSubstr("entries of a codebook"));
    EXPECT_EQ(refusal(with("metrics = ['" + metric + "']", "autoencoder")), "");
  }
  EXPECT_THAT(refusal(with("metrics = ['gaussian_total_correlation']", "vae", "latent_dim = 1")),
              HasSubstr("needs codes of 2 numbers or more, not 1"));
  EXPECT_THAT(refusal(with("metrics = ['gaussian_total_correlation']\nreference_count = 10")),
              HasSubstr("needs 11 or more reference rows"));
}

TEST(CheckEvaluation, TakesScoresOfMemorisingAgainstTheTrainingSplitAlone) {
  for (const std::string metric : {"authpct", "mifid", "ct", "fld"}) {
    const std::string asked = "metrics = ['" + metric + "']\n";
    EXPECT_THAT(refusal(with(asked)), HasSubstr("eval.reference_split = 'train'")) << metric;
    EXPECT_EQ(refusal(with(asked + "reference_split = 'train'")), "") << metric;
  }
}

TEST(CheckEvaluation, RefusesWhatTheDataSetDoesNotHold) {
  EXPECT_THAT(refusal(with("metrics = ['ms_ssim']"), {1, 16, 16}, 64, 0),
              HasSubstr("ms_ssim: needs images with both sides of 161 pixels or more, not 16×16"));
  EXPECT_EQ(refusal(with("metrics = ['ms_ssim']"), {1, 161, 170}, 4, 0), "");
  EXPECT_THAT(refusal(with("metrics = ['ssim']"), {1, 10, 16}, 64, 0),
              HasSubstr("11 pixels or more, not 10×16"));
  EXPECT_THAT(refusal(with("metrics = ['recall', 'coverage']"), {1, 16, 16}, 3, 0),
              HasSubstr("coverage: needs 4 or more reference rows (k = 3 neighbours), and there "
                        "are 3"));
  EXPECT_THAT(refusal(with("metrics = ['linear_probe_error']"), {1, 16, 16}, 64, 0),
              HasSubstr("linear_probe_error: needs labels, and the reference has none"));
  EXPECT_THAT(refusal(with("metrics = ['accuracy']", "classifier"), {1, 28, 28}, 64, 0),
              HasSubstr("accuracy: needs labels"));
  EXPECT_EQ(refusal(with("metrics = ['w2_exact']"), {1, 16, 16}, 64, 0),
            "eval.metrics: w2_exact is of points, and data set 'made up' holds images; drop it, or "
            "take a set of points such as ring");
  EXPECT_THAT(refusal(with("metrics = ['ssim']"), {2}, 64, 0),
              HasSubstr("ssim is of images, and data set 'made up' holds points"));
  EXPECT_THAT(refusal(with("metrics = ['fld']\nreference_split = 'train'"), {1, 16, 16}, 3, 0),
              HasSubstr("fld: needs 4 or more reference rows"));
}

TEST(CheckEvaluation, RefusesClassesThatAreNotThoseOfTheExtractor) {
  const auto refused = [](const std::string& name, const std::string& path,
                          const std::string& extractor) {
    Definition definition = with("metrics = ['class_accuracy']", "vae", "conditional = true");
    definition.values.at("eval.extractor").value = extractor;
    definition.values.at("dataset.name").value = name;
    definition.values.at("dataset.path").value = path;
    return refusal(definition, {1, 28, 28}, 64, 2);
  };
  EXPECT_EQ(refused("fashion_mnist", "", "fmnist-cnn"), "");
  EXPECT_THAT(refused("generated_images", "", "fmnist-cnn"),
              HasSubstr("those of 'fmnist-cnn', which are not those of 'generated_images'"));
  EXPECT_THAT(refused("fashion_mnist", "", "efficientnet-lite0"), HasSubstr("efficientnet-lite0"));
  // Folders by their names, in the order that they are read in.
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("assay_classes_{}", ::getpid());
  const auto classes = [&](const std::string& root, const std::vector<std::string>& names) {
    for (const auto& name : names) {
      write_file_atomically(folder / root / name / "a.png",
                            encode_png(torch::full({1, 28, 28}, 90, torch::kByte)));
    }
    return refused("image_folder", (folder / root).string(), "fmnist-cnn");
  };
  EXPECT_EQ(classes("numbers", {"0", "1", "2"}), "");
  EXPECT_THAT(classes("gap", {"0", "2", "3"}), HasSubstr("stand in another order: 0, 2, 3"));
  EXPECT_THAT(classes("names", {"Bag", "Trouser"}), HasSubstr("T-shirt_top, Trouser, Pullover"));
  std::filesystem::remove_all(folder);
}

TEST(CheckEvaluation, RefusesClassesThatAreTooThin) {
  const auto intra = with("metrics = ['intra_fd']", "vae", "conditional = true");
  EXPECT_EQ(refusal(intra, {1, 16, 16}, 20, 10), "");
  EXPECT_THAT(refusal(intra, {1, 16, 16}, 19, 10),
              HasSubstr("intra_fd: needs 2 rows of each class on both sides, and there are 4 "
                        "generated and 1 of the reference of class 9"));
  EXPECT_THAT(refusal(intra, {1, 16, 16}, 100, 30),
              HasSubstr("there are 1 generated and 3 of the reference of class 10"));
  const auto cas = with("metrics = ['cas']", "vae", "conditional = true");
  EXPECT_EQ(refusal(cas, {1, 16, 16}, 100, 40), "");
  EXPECT_THAT(refusal(cas, {1, 16, 16}, 100, 41),
              HasSubstr("cas: labels reach to 40, and there are only 40 generated rows"));
  EXPECT_THAT(refusal(cas, {1, 16, 16}, 100, 0), HasSubstr("cas: needs labels"));
}

TEST(CheckEvaluation, RefusesFactorsThatTellNothing) {
  const auto definition = with("metrics = ['factor_vae_score']");
  Dataset dataset;
  dataset.name = "made up";
  dataset.factors = {{"shape", 3}};
  dataset.train.images = dataset.test.images = torch::zeros({12, 1, 16, 16}, torch::kByte);
  const auto refused = [&](const torch::Tensor& factors) -> std::string {
    dataset.test.factors = factors;
    Definition sprites = definition;
    sprites.values.at("dataset.name").value = std::string("sprites");
    try {
      check_evaluation(sprites, dataset);
    } catch (const Error& problem) {
      return problem.what();
    }
    return "";
  };
  EXPECT_EQ(refused(torch::arange(12).remainder(2).view({12, 1})), "");
  EXPECT_THAT(refused(torch::ones({12, 1}, torch::kLong)),
              HasSubstr("factor 0 has one value in all rows"));
  auto alone = torch::arange(12).remainder(2).view({12, 1});
  alone[5][0] = 2;
  EXPECT_THAT(refused(alone), HasSubstr("only 1 row has the value 2 of factor 0"));
}

TEST(CheckEvaluation, TakesEveryCommittedExperiment) {
  const std::filesystem::path root = ASSAY_SOURCE_DIR "/experiments";
  int experiments = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".toml") continue;
    if (entry.path().parent_path().filename() == "suites") continue;
    for (const bool smoke : {false, true}) {
      const auto definition =
          resolve_file(entry.path(), family_schema, {.smoke = smoke, .experiments = root});
      EXPECT_NO_THROW(family(definition.family).check(definition)) << entry.path();
      EXPECT_EQ(refusal(definition), "") << entry.path() << (smoke ? " cut to seconds" : "");
    }
    ++experiments;
  }
  EXPECT_GE(experiments, 50);
}

TEST(CheckEvaluation, IsAskedBeforeTheFirstStepOfARun) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{"ms_ssim"};
  // Else the evaluation at 0 images would fail before the first step, too.
  definition.values.at("eval.untrained").value = false;
  Recording recording;
  const StopRequest never;
  EXPECT_THROW(run_experiment({definition, 1, torch::kCPU, {}, {}}, recording, never), Error);
  EXPECT_TRUE(recording.values.empty());
  EXPECT_EQ(recording.end.status, "failed");
}

}  // namespace
}  // namespace assay
