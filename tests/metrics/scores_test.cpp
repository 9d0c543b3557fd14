// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "metrics/extractors/extractor.h"
#include "metrics/features/inception_score.h"
#include "metrics/images/parzen.h"
#include "metrics/images/reconstruction.h"
#include "metrics/images/stacked_modes.h"
#include "metrics/options.h"
#include "metrics/points/modes.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(InceptionScore, AgreesWithTorchFidelityWithoutShuffling) {
  const auto logits = oracle_arrays("features_small.npz").at("logits");
  const auto oracle = oracle_json("oracle.json")["isc"];
  const auto ten = inception_score(logits, 10);
  EXPECT_NEAR(ten.mean, oracle["noshuffle_10"][0].get<double>(), 1e-12);
  EXPECT_NEAR(ten.standard_deviation, oracle["noshuffle_10"][1].get<double>(), 1e-12);
  EXPECT_NEAR(inception_score(logits, 1).mean, oracle["noshuffle_1"][0].get<double>(), 1e-12);
}

TEST(InceptionScore, AgreesWithTorchFidelityOnItsOwnShuffledOrder) {
  const auto logits = oracle_arrays("features_small.npz").at("logits");
  const auto oracle = oracle_json("oracle.json")["isc"];
  const auto order = at::tensor(oracle["perm_seed2020"].get<std::vector<std::int64_t>>());
  const auto score = inception_score(logits.index_select(0, order), 10);
  EXPECT_NEAR(score.mean, oracle["shuffle_seed2020_10"][0].get<double>(), 1e-12);
}

TEST(InceptionScore, ShufflesAsTorchFidelityDoesWhenAsked) {
  MetricInputs inputs;
  inputs.features.logits = oracle_arrays("features_small.npz").at("logits");
  inputs.compat = "torch-fidelity";
  const auto oracle = oracle_json("oracle.json")["isc"]["shuffle_seed2020_10"];
  EXPECT_NEAR(metric("inception_score").compute(inputs).value, oracle[0].get<double>(), 1e-12);
  inputs.compat = "pytorch-fid";
  EXPECT_THAT(refusal([&] { metric("inception_score").compute(inputs); }),
              HasSubstr("pytorch-fid 0.3.0 does not compute it"));
}

TEST(InceptionScore, SplitsIntoChunksAsTorchmetricsDoes) {
  const auto logits = oracle_arrays("features_small.npz").at("logits");
  const auto oracle =
      oracle_json("oracle.json")["isc"]["torchmetrics_style_chunk_std_ddof1_noshuffle"];
  const auto score = inception_score(logits, 10, Splits::kChunked);
  EXPECT_NEAR(score.mean, oracle[0].get<double>(), 1e-12);
  // It divides by S−1.
  EXPECT_NEAR(score.standard_deviation * std::sqrt(10.0 / 9.0), oracle[1].get<double>(), 1e-12);
}

TEST(InceptionScore, IsTheNumberOfClassesWhenAllAreCertainAndEquallyLikely) {
  // Logits of 1000 for one of five classes in turn: KL = log 5 for every image.
  const auto certain = at::eye(5, at::kDouble).repeat({4, 1}) * 1000.0;
  EXPECT_NEAR(inception_score(certain, 1).mean, 5.0, 1e-12);
  EXPECT_NEAR(inception_score(certain, 1).standard_error, 0.0, 1e-12);
  EXPECT_NEAR(inception_score(at::zeros({20, 5}), 2).mean, 1.0, 1e-12);
}

TEST(InceptionScore, StandardErrorOfOneSplitMatchesTheJackknife) {
  const auto logits = normal_matrix(1, 120, 6) * 2.0;
  std::vector<double> values;
  for (std::int64_t i = 0; i < 120; ++i) {
    values.push_back(
        inception_score(at::cat({logits.slice(0, 0, i), logits.slice(0, i + 1)}), 1).mean);
  }
  const double expected =
      std::sqrt(at::tensor(values, at::kDouble).var(false).item<double>() * 119.0);
  EXPECT_NEAR(inception_score(logits, 1).standard_error, expected, 0.05 * expected);
}

TEST(InceptionScore, RefusesMoreSplitsThanPairsOfRows) {
  MetricInputs inputs;
  inputs.features.logits = normal_matrix(1, 19, 3);
  EXPECT_THAT(refusal([&] { metric("inception_score").compute(inputs); }),
              HasSubstr("10 splits of 19 generated rows"));
  inputs.options["inception_score.splits"] = 9;
  EXPECT_EQ(metric("inception_score").compute(inputs).protocol.at("splits"), "9");
}

TEST(InceptionScore, SaysThatItFollowsTheOrderOfRowsThatAreSortedByClass) {
  // The same rows of ten classes (../oracle: a public bug report's case): 9.54 shuffled, 1 sorted.
  const auto sorted = oracle_arrays("is_sorted.npz").at("logits");
  const auto shuffled = oracle_arrays("is_shuffled.npz").at("logits");
  EXPECT_TRUE(splits_follow_order(sorted, 10));
  EXPECT_FALSE(splits_follow_order(shuffled, 10));
  EXPECT_FALSE(splits_follow_order(sorted, 1));
  MetricInputs inputs;
  inputs.features.logits = sorted;
  EXPECT_TRUE(inception_score_follows_order(inputs));
  inputs.compat = "torch-fidelity";  // which shuffles
  EXPECT_FALSE(inception_score_follows_order(inputs));
}

TEST(InceptionScore, SeesAnOrderInPartOfTheRowsAndNoneInShuffledOnes) {
  // 2000 rows of five classes, the first fifth of one of them: 400 rows that lie together.
  const auto classes = at::arange(2000, at::kLong).remainder(5);
  const auto together = at::cat({at::zeros({400}, at::kLong), classes.slice(0, 400)});
  const auto logits_of = [](const at::Tensor& labels, std::uint64_t seed) {
    return 3.0 * at::one_hot(labels, 5).to(at::kDouble) + normal_matrix(seed, labels.size(0), 5);
  };
  EXPECT_TRUE(splits_follow_order(logits_of(together, 1), 10));
  // One in 300,000 at the most; of two classes, where all variance lies along one direction, too.
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    const auto order = at::randperm(2000, generator);
    for (const std::int64_t splits : {2, 10, 100}) {
      EXPECT_FALSE(splits_follow_order(logits_of(classes.index_select(0, order), seed), splits));
      EXPECT_FALSE(splits_follow_order(logits_of(classes.clamp_max(1).index_select(0, order), seed),
                                       splits));
    }
  }
}

TEST(Reconstruction, IsTheMeanSquareOnTheUnitScale) {
  // Image 0 is off by 51 = 0.2 · 255 everywhere, image 1 in one of four pixels: 0.04 and 0.01.
  const auto originals = at::full({2, 1, 2, 2}, 100, at::kByte);
  auto copies = originals.clone();
  copies[0] += 51;
  copies[1][0][0][0] -= 51;
  const auto error = reconstruction_mse(originals, copies);
  EXPECT_NEAR(error.value, 0.025, 1e-15);
  // sd of {0.04, 0.01} is 0.03/√2; over √2.
  EXPECT_NEAR(error.standard_error, 0.015, 1e-15);
}

TEST(Elbo, IsTheMeanWithItsStandardError) {
  MetricInputs inputs;
  inputs.likelihoods.elbo = at::tensor({-100.0, -110.0, -90.0, -100.0}, at::kFloat);
  const auto value = metric("elbo").compute(inputs);
  EXPECT_NEAR(value.value, -100.0, 1e-12);
  // Σ(x−mean)² = 200, over 3, over 4.
  EXPECT_NEAR(value.standard_error, std::sqrt(200.0 / 3.0 / 4.0), 1e-12);
  EXPECT_THAT(refusal([] { metric("elbo").compute({}); }), HasSubstr("is absent"));
}

TEST(Accuracy, IsTheShareOfRightFirstChoices) {
  MetricInputs inputs;
  inputs.labels.class_logits = at::tensor({1.0, 0.0, 0.0, 1.0, 3.0, 2.0, 0.0, 5.0}).view({4, 2});
  inputs.labels.reference = at::tensor({0L, 1L, 1L, 1L});
  const auto value = metric("accuracy").compute(inputs);
  EXPECT_NEAR(value.value, 0.75, 1e-15);
  EXPECT_NEAR(value.standard_error, std::sqrt(0.75 * 0.25 / 4), 1e-15);
  inputs.labels.reference = at::Tensor();
  EXPECT_THAT(refusal([&] { metric("accuracy").compute(inputs); }), HasSubstr("as many labels"));
}

// Four modes on a line, ten apart, σ = 1.
MetricInputs four_modes(const std::vector<double>& points) {
  MetricInputs inputs;
  inputs.points.mode_centres =
      at::tensor({0.0, 0.0, 10.0, 0.0, 20.0, 0.0, 30.0, 0.0}, at::kDouble).view({4, 2});
  inputs.points.mode_sigma = 1.0;
  inputs.points.generated = at::tensor(points, at::kDouble).view({-1, 2});
  return inputs;
}

TEST(Modes, CountOnlyPointsLessThanThreeSigmaAway) {
  // At 2.9 σ: high quality; at 3 σ: not; halfway: not.
  const auto inputs = four_modes({2.9, 0.0, 10.0, 3.0, 15.0, 0.0, 30.0, -1.0});
  EXPECT_EQ(metric("modes_covered").compute(inputs).value, 2.0);
  EXPECT_EQ(metric("high_quality_share").compute(inputs).value, 0.5);
  EXPECT_NEAR(metric("high_quality_share").compute(inputs).standard_error, 0.25, 1e-15);
}

TEST(Modes, ReverseKlIsZeroForEqualSharesAndLogOfTheModesForOne) {
  const auto kl = [](const std::vector<double>& points) {
    return metric("reverse_kl").compute(four_modes(points)).value;
  };
  EXPECT_NEAR(kl({0, 0, 10, 0, 20, 0, 30, 0}), 0.0, 1e-15);
  EXPECT_NEAR(kl({0, 0, 0, 1, 0, 2}), std::log(4.0), 1e-15);
  // Shares ½, ½: log 4 − log 2. The stray point does not count.
  EXPECT_NEAR(kl({0, 0, 10, 0, 0, 50}), std::log(2.0), 1e-15);
  EXPECT_TRUE(std::isnan(kl({0, 50, 0, 60})));
}

TEST(Modes, StandardErrorsAreThoseOfResampling) {
  // Two modes with shares ½: the jackknife's closed form for the covered count is 0, and for the
  // divergence the delta method's derivative vanishes at equal shares: (share error)² order.
  std::vector<double> points;
  for (int i = 0; i < 400; ++i) points.insert(points.end(), {10.0 * (i % 2), 0.0});
  const auto equal = four_modes(points);
  EXPECT_EQ(metric("modes_covered").compute(equal).standard_error, 0.0);
  // KL ≈ 2(p − ½)² with p − ½ ~ N(0, 1/1600): sd = √2 · 2/1600 = 0.00177.
  EXPECT_NEAR(metric("reverse_kl").compute(equal).standard_error, 0.00177, 0.0005);
  // One point of 400 on a third mode: it is lost in a resample with (1 − 1/400)⁴⁰⁰ = 0.3675:
  // sd = √(0.3675 · 0.6325) = 0.482.
  points[0] = 20.0;
  EXPECT_NEAR(metric("modes_covered").compute(four_modes(points)).standard_error, 0.482, 0.06);
}

TEST(Modes, RefusePointsThatAreNotFinite) {
  const auto inputs = four_modes({0.0, std::numeric_limits<double>::infinity(), 0.0, 0.0});
  EXPECT_THAT(refusal([&] { metric("reverse_kl").compute(inputs); }),
              HasSubstr("reverse_kl: the generated input holds values that are not finite"));
}

TEST(MetricOptions, AreReadByMetricAndKey) {
  const auto options = parse_metric_options({"kid.subsets=10", "vendi.q=2"});
  EXPECT_EQ(options.at("kid.subsets"), 10.0);
  EXPECT_EQ(options.at("vendi.q"), 2.0);
}

TEST(MetricOptions, RefuseWhatTheyDoNotKnowByName) {
  const auto refused = [](const std::string& word) {
    return refusal([&] { parse_metric_options({word}); });
  };
  EXPECT_THAT(refused("kid.subset=10"), HasSubstr("did you mean 'subsets'?"));
  EXPECT_THAT(refused("kidd.subsets=10"), HasSubstr("did you mean 'kid'?"));
  EXPECT_THAT(refused("kid.subsets=ten"), HasSubstr("'ten' is no number"));
  EXPECT_THAT(refused("kid.subsets=-1"), HasSubstr("must lie in 0 to"));
  EXPECT_THAT(refused("kid"), HasSubstr("metric.key=value"));
  EXPECT_THAT(refused("recall.k=3"), HasSubstr("recall has no options"));
  MetricInputs inputs;
  inputs.features.logits = at::zeros({10, 2});
  inputs.options["inception_score.splits"] = 1.5;
  EXPECT_THAT(refusal([&] { metric("inception_score").compute(inputs); }),
              HasSubstr("must be a whole number"));
}

TEST(Metrics, UnknownNamesGetTheNearMiss) {
  EXPECT_THAT(refusal([] { metric("precison"); }), HasSubstr("did you mean 'precision'?"));
}

TEST(Metrics, EachHasARowInTheReadmeAndNoOtherHas) {
  std::ifstream in(std::string(ASSAY_SOURCE_DIR) + "/metrics/README.md");
  std::set<std::string> rows;
  bool in_table = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| metric |")) in_table = true;
    if (!line.starts_with("|")) in_table = false;
    const auto cell_end = line.find('|', 1);
    if (!in_table || cell_end == std::string::npos) continue;
    const auto cell = line.substr(0, line.find('(') < cell_end ? line.find('(') : cell_end);
    for (std::size_t i = cell.find('`'); i != std::string::npos; i = cell.find('`', i + 1)) {
      const auto end = cell.find('`', i + 1);
      rows.insert(cell.substr(i + 1, end - i - 1));
      i = end;
    }
  }
  std::set<std::string> registered;
  for (const auto& metric : metrics()) registered.emplace(metric.name);
  EXPECT_EQ(rows, registered);
}

TEST(Metrics, EachIsListedOnceWithPaperAndMeaning) {
  std::set<std::string_view> names;
  for (const auto& metric : metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_FALSE(metric.paper.empty() || metric.meaning.empty()) << metric.name;
    EXPECT_NE(refusal([&] { metric.compute({}); }), "") << metric.name << " takes no input at all";
  }
}

TEST(ActiveUnits, CountsDimensionsWhoseMeansVary) {
  // Standard deviations 2, 0.11 and 0.09 around any mean: variances 4, 0.0121 and 0.0081.
  MetricInputs inputs;
  const auto sign = at::tensor({1.0, -1.0, 1.0, -1.0}).unsqueeze(1);
  inputs.codes.means = 7.0 + sign * at::tensor({2.0, 0.11, 0.09}).unsqueeze(0);
  EXPECT_EQ(metric("active_units").compute(inputs).value, 2.0);
  inputs.options["active_units.threshold"] = 0.005;
  const auto value = metric("active_units").compute(inputs);
  EXPECT_EQ(value.value, 3.0);
  EXPECT_EQ(value.protocol.at("threshold"), "0.005");
  EXPECT_THAT(refusal([] { metric("active_units").compute({}); }), HasSubstr("absent"));
}

TEST(StackedModes, AreTheClassesOfAllChannelsTogether) {
  const auto digits = at::arange(10, at::kLong);
  const auto all = at::cartesian_prod({digits, digits, digits});
  const auto uniform = stacked_histogram(all, 10);
  EXPECT_EQ(modes_covered(uniform), 1000.0);
  EXPECT_NEAR(reverse_kl(uniform), 0.0, 1e-12);
  const auto one = stacked_histogram(all.slice(0, 427, 428).expand({50, 3}), 10);
  EXPECT_EQ(one.high_quality.at(427), 50);
  EXPECT_EQ(modes_covered(one), 1.0);
  EXPECT_NEAR(reverse_kl(one), std::log(1000.0), 1e-12);
  // Ten modes of one channel each: the others' class is 0.
  const auto ten = stacked_histogram(all.slice(0, 0, 10), 10);
  EXPECT_NEAR(reverse_kl(ten), std::log(100.0), 1e-12);
}

TEST(StackedModes, ClassifyEachChannelAsAPictureOfItsOwn) {
  const auto pictures = at::randint(0, 256, {12, 1, 28, 28}, at::detail::createCPUGenerator(3),
                                    at::TensorOptions(at::kByte));
  const auto classes = make_extractor("fmnist-cnn")->extract(pictures).logits.argmax(1);
  std::set<std::vector<std::int64_t>> combinations;
  for (int i = 0; i < 12; i += 3) {
    combinations.insert({classes[i].item<std::int64_t>(), classes[i + 1].item<std::int64_t>(),
                         classes[i + 2].item<std::int64_t>()});
  }
  MetricInputs inputs;
  inputs.images.generated = pictures.reshape({4, 3, 28, 28});
  const auto value = metric("stacked_modes_covered").compute(inputs);
  EXPECT_EQ(value.value, static_cast<double>(combinations.size()));
  EXPECT_EQ(value.protocol.at("n_modes"), "1000");
  EXPECT_EQ(value.protocol.at("extractor"), "fmnist-cnn");
}

TEST(StackedModes, ClassifyTheImagesOfAnEvaluationOnce) {
  MetricInputs inputs;
  inputs.images.generated = at::zeros({4, 1, 28, 28}, at::kByte);
  inputs.stacked = std::make_shared<StackedModesMemo>();
  EXPECT_EQ(metric("stacked_modes_covered").compute(inputs).value, 1.0);
  // What is kept is what the other metric goes by, until the images are others.
  inputs.stacked->histogram = {{2, 2}, 4};
  EXPECT_NEAR(metric("stacked_reverse_kl").compute(inputs).value, 0.0, 1e-15);
  inputs.images.generated = at::zeros({4, 1, 28, 28}, at::kByte);
  EXPECT_DOUBLE_EQ(metric("stacked_reverse_kl").compute(inputs).value, std::log(10.0));
}

TEST(ClassAccuracy, IsTheShareThatShowsTheClassAskedFor) {
  MetricInputs inputs;
  inputs.features.logits =
      at::tensor({2.0, 1.0, 0.0, 0.0, 1.0, 0.5, 0.0, 1.0, 0.5, 0.1, 0.0, 3.0}, at::kFloat)
          .view({4, 3});
  inputs.labels.generated = at::tensor({0, 1, 2, 2}, at::kLong);
  const auto value = metric("class_accuracy").compute(inputs);
  EXPECT_EQ(value.value, 0.75);
  EXPECT_NEAR(value.standard_error, std::sqrt(0.75 * 0.25 / 4.0), 1e-15);
  inputs.labels.generated = at::tensor({0, 1, 2, 3}, at::kLong);
  EXPECT_THAT([&] { metric("class_accuracy").compute(inputs); },
              ThrowsMessage<Error>(AllOf(HasSubstr("class 3"), HasSubstr("knows 3 classes"))));
  inputs.labels.generated = at::Tensor();
  EXPECT_THAT([&] { metric("class_accuracy").compute(inputs); },
              ThrowsMessage<Error>(HasSubstr("there are none")));
}

TEST(AttributeAccuracy, RefusesWhatIsNotInPairs) {
  MetricInputs inputs;
  const auto compute = [&] { metric("attribute_accuracy").compute(inputs); };
  EXPECT_THAT(compute, ThrowsMessage<Error>(HasSubstr("there are none")));
  inputs.labels.asked = at::zeros({3, 2}, at::kLong);
  inputs.labels.shown = at::zeros({3, 1}, at::kLong);
  EXPECT_THAT(compute, ThrowsMessage<Error>(HasSubstr("other numbers of them")));
}

TEST(Parzen, IsTheDensityOfAMixtureOfGaussians) {
  const auto x = at::tensor({0.0, 1.0, 2.0}, at::kDouble).reshape({1, 3});
  const auto one = at::tensor({0.5, 1.0, 1.0}, at::kDouble).reshape({1, 3});
  // −(0.25 + 0 + 1)/(2·0.25) − 3 log(0.5 √2π)
  const double of_one = -2.5 - 3.0 * std::log(0.5 * std::sqrt(2.0 * M_PI));
  EXPECT_NEAR(parzen_log_densities(x, one, 0.5)[0].item<double>(), of_one, 1e-12);
  // A second sample at x itself: ½ (e^−2.5 + 1) of what it would be there.
  const auto value = parzen_log_densities(x, at::cat({one, x}), 0.5)[0].item<double>();
  EXPECT_NEAR(value, of_one + 2.5 + std::log(0.5 * (std::exp(-2.5) + 1.0)), 1e-12);
}

TEST(Parzen, TakesTheWidthThatSuitsValidationImages) {
  MetricInputs inputs;
  inputs.images.generated = at::full({3, 1, 4, 4}, 102, at::kByte);
  // 0.2 above and below the samples' 0.4: of σ = 10^(−1 + i/9) 0.2154 is the likeliest, with
  // −0.2²/2σ² − log(σ√2π) for each of 16 values.
  inputs.images.reference =
      at::full({200, 1, 4, 4}, 102, at::kByte) +
      51 * (2 * at::arange(3200, at::kInt).reshape({200, 1, 4, 4}).remainder(2) - 1);
  inputs.images.reference = inputs.images.reference.to(at::kByte);
  const double sigma = std::pow(10.0, -6.0 / 9.0);
  const double each = -0.04 / (2 * sigma * sigma) - std::log(sigma * std::sqrt(2.0 * M_PI));
  const auto value = metric("parzen").compute(inputs);
  EXPECT_NEAR(value.value, 16 * each, 1e-6);
  EXPECT_EQ(value.protocol.at("n_real"), "100");
  EXPECT_EQ(value.protocol.at("n_validation"), "100");
}

}  // namespace
}  // namespace assay
