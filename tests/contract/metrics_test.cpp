// SPDX-License-Identifier: Apache-2.0
// Every metric at the least that it says it needs, and one below.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <ostream>
#include <set>

#include "core/error.h"
#include "metrics/requirements.h"
#include "reports/metric_columns.h"

namespace assay {
namespace {

using std::int64_t;

// A metric, and options that change what it needs.
struct Setting {
  std::string label;
  std::string_view metric;
  std::map<std::string, double> options = {};
  int64_t k = 3;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.label; }

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const Metric& one : metrics()) all.push_back({std::string(one.name), one.name});
  all.push_back({"kid_of_subsets", "kid", {{"kid.subsets", 3}, {"kid.subset_size", 7}}});
  all.push_back({"recall_of_five_neighbours", "recall", {}, 5});
  all.push_back({"coverage_of_one_neighbour", "coverage", {}, 1});
  all.push_back(
      {"inception_score_of_three_splits", "inception_score", {{"inception_score.splits", 3}}});
  all.push_back({"ct_of_five_cells", "ct", {{"ct.cells", 5}, {"ct.min_generated", 3}}});
  return all;
}

at::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

at::Tensor normal(int64_t rows, int64_t columns, std::uint64_t seed) {
  return at::randn({rows, columns}, seeded(seed), at::TensorOptions(at::kFloat));
}

at::Tensor pictures(int64_t count, int64_t side, std::uint64_t seed) {
  return at::randint(0, 256, {count, 1, side, side}, seeded(seed), at::TensorOptions(at::kByte));
}

at::Tensor labels(int64_t count, int64_t classes) {
  return at::arange(count, at::kLong).remainder(classes);
}

// Factors of `rows_of_value` rows or more for each value; fewer than two: one value is alone.
at::Tensor factors_of(int64_t rows, int64_t factors, int64_t rows_of_value) {
  auto all = at::zeros({rows, factors}, at::kLong);
  for (int64_t f = 0; f < factors; ++f) {
    all.select(1, f).copy_(at::arange(rows, at::kLong).floor_divide(f + 1).remainder(2));
    if (rows_of_value == 1) all[0][f] = 2;
  }
  return all;
}

// What `least` asks for and no row more, whatever the metric looks at.
MetricInputs inputs_of(const Setting& setting, const Requirements& least) {
  MetricInputs inputs;
  inputs.k = setting.k;
  inputs.options = setting.options;
  int64_t n = least.generated, m = least.reference;
  // Two classes, of as many rows each as are asked for.
  if (least.rows_of_class > 0) n = m = 2 * least.rows_of_class;
  // Reference rows lie apart, the others round the first of them: in one cell of k-means.
  const auto reference = normal(m, 3, 1) + 50.0 * at::arange(m).unsqueeze(1);
  const auto centre = m > 0 ? reference.slice(0, 0, 1) : at::zeros({1, 3});
  if (n > 0) inputs.features.generated = centre + normal(n, 3, 2);
  if (m > 0) inputs.features.reference = reference;
  if (least.held_out > 0) inputs.features.held_out = centre + normal(least.held_out, 3, 3);
  if (least.spatial) inputs.features.generated_spatial = normal(n, 3, 4);
  if (least.spatial) inputs.features.reference_spatial = normal(m, 3, 5);
  if (least.logits) inputs.features.logits = normal(n, 3, 6);
  if (n > 0) inputs.features.path_distances = at::arange(1, n + 1).to(at::kDouble);
  const int64_t side = std::max<int64_t>(1, least.side);
  inputs.images.generated = pictures(n, side, 7);
  inputs.images.reference = inputs.images.originals = pictures(m, side, 8);
  inputs.images.reconstructions = inputs.images.noisy_reconstructions = pictures(m, side, 9);
  const Parts needs = metric(setting.metric).needs;
  const bool of_samples_alone = needs.has(Part::kSampleLabels) && !needs.has(Part::kLabels);
  if (least.labels || of_samples_alone) {
    inputs.labels.generated = labels(n, std::max<int64_t>(2, least.generated_classes));
    if (least.generated_classes == 1) inputs.labels.generated.zero_();
    inputs.labels.reference = labels(m, 2);
  }
  if (least.training_labels) inputs.labels.training = labels(least.training, 2);
  if (n > 0) inputs.evaluations = 2.0;
  const int64_t z = std::max<int64_t>(1, least.codes);
  inputs.likelihoods.elbo = normal(m, 1, 10).squeeze(1);
  inputs.likelihoods.log_weights = normal(m, 2, 11).to(at::kDouble);
  inputs.likelihoods.densities = normal(m, 1, 18).squeeze(1).to(at::kDouble);
  inputs.likelihoods.denoising_losses = normal(m, 8, 19).square();
  inputs.likelihoods.dimensions = 4;
  inputs.codes.means = normal(m, z, 12);
  inputs.codes.logvar = at::zeros({m, z});
  inputs.codes.factors = factors_of(m, least.factors, least.rows_of_value);
  inputs.codes.training = normal(least.training, z, 13);
  inputs.codes.distortions = at::tensor({0.0, 1.0, 0.5, 1.001}, at::kDouble).view({2, 2});
  inputs.codes.jacobian_norms = normal(m, 1, 14).abs().squeeze(1);
  inputs.points.mode_centres = at::tensor({0.0, 0.0, 1.0, 0.0}, at::kDouble).view({2, 2});
  inputs.points.mode_sigma = 0.1;
  inputs.points.generated = 0.01 * normal(n, 2, 15);
  inputs.points.reference = normal(m, 2, 16);
  inputs.points.path_starts = normal(n, 2, 20);
  inputs.points.path_energies = normal(n, 1, 21).abs().squeeze(1).to(at::kDouble);
  inputs.labels.asked = labels(2 * n, 3).view({n, 2});
  inputs.labels.shown = labels(2 * n, 2).view({n, 2});
  inputs.labels.class_logits = normal(m, 2, 17);
  return inputs;
}

Requirements least_of(const Setting& setting) {
  MetricInputs settings;
  settings.k = setting.k;
  settings.options = setting.options;
  return requirements_of(metric(setting.metric), settings);
}

void check(const Setting& setting, const MetricInputs& inputs) {
  const Metric& one = metric(setting.metric);
  check_requirements(one, inputs, sizes_of(inputs, one.needs));
}

class MetricContract : public ::testing::TestWithParam<Setting> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

// Counted by the run that trains and samples: tests/harness/training_cost_test.cpp.
bool is_cost(const Setting& setting) { return setting.metric.ends_with("_multiply_adds"); }

TEST_P(MetricContract, ComputesAtTheLeastThatItNeedsTheSameEachTime) {
  if (is_cost(GetParam())) GTEST_SKIP() << "no scores of examples";
  const Metric& one = metric(GetParam().metric);
  Requirements least = least_of(GetParam());
  if (least.more_rows_than_codes) least.reference = least.codes + 1;
  const auto inputs = inputs_of(GetParam(), least);
  EXPECT_NO_THROW(check(GetParam(), inputs));
  const auto global = at::detail::getDefaultCPUGenerator().get_state().clone();
  const MetricValue first = one.compute(inputs), second = one.compute(inputs);
  EXPECT_EQ(first.name, one.name);
  EXPECT_TRUE(std::isfinite(first.value)) << first.value;
  EXPECT_EQ(first.value, second.value);
  EXPECT_TRUE(first.standard_error == second.standard_error ||
              (std::isnan(first.standard_error) && std::isnan(second.standard_error)));
  EXPECT_EQ(first.protocol, second.protocol);
  EXPECT_EQ(first.protocol.at("metric"), one.name);
  EXPECT_TRUE(global.equal(at::detail::getDefaultCPUGenerator().get_state()));
}

TEST_P(MetricContract, IsRefusedOneBelowEachOfItsNeedsAndComputesNothingThere) {
  if (is_cost(GetParam())) GTEST_SKIP() << "no scores of examples";
  const Metric& one = metric(GetParam().metric);
  Requirements least = least_of(GetParam());
  if (least.more_rows_than_codes) least.reference = least.codes + 1;
  int64_t needs = 0;
  const auto refused = [&](std::string_view what, const Requirements& fewer) {
    ++needs;
    const auto inputs = inputs_of(GetParam(), fewer);
    try {
      check(GetParam(), inputs);
      ADD_FAILURE() << one.name << " is not refused with one less of " << what;
    } catch (const Error& problem) {
      EXPECT_TRUE(std::string(problem.what()).starts_with(fmt::format("{}: ", one.name)))
          << problem.what();
    }
    // What is refused could not have been computed.
    double value = NAN;
    try {
      value = one.compute(inputs).value;
    } catch (const std::exception&) {
    }
    EXPECT_FALSE(std::isfinite(value)) << one.name << " computes with one less of " << what;
  };
  const std::vector<std::pair<std::string_view, int64_t Requirements::*>> counts = {
      {"generated", &Requirements::generated},
      {"reference", &Requirements::reference},
      {"held_out", &Requirements::held_out},
      {"training", &Requirements::training},
      {"side", &Requirements::side},
      {"codes", &Requirements::codes},
      {"factors", &Requirements::factors},
      {"rows_of_value", &Requirements::rows_of_value},
      {"rows_of_class", &Requirements::rows_of_class},
      {"generated_classes", &Requirements::generated_classes}};
  for (const auto& [what, count] : counts) {
    // These follow from the rows of a class.
    const bool follows = least.rows_of_class > 0 &&
                         (count == &Requirements::generated || count == &Requirements::reference);
    if (least.*count == 0 || follows) continue;
    Requirements fewer = least;
    --(fewer.*count);
    refused(what, fewer);
  }
  const std::vector<std::pair<std::string_view, bool Requirements::*>> flags = {
      {"labels", &Requirements::labels},
      {"training_labels", &Requirements::training_labels},
      {"logits", &Requirements::logits},
      {"spatial", &Requirements::spatial}};
  for (const auto& [what, flag] : flags) {
    if (!(least.*flag)) continue;
    Requirements without = least;
    without.*flag = false;
    refused(what, without);
  }
  EXPECT_GE(needs, 1);
}

TEST_P(MetricContract, RefusesAFractionWhereItCounts) {
  const Metric& one = metric(GetParam().metric);
  for (const MetricOption& each : one.options) {
    if (each.high - each.low < 1.0 || !std::isfinite(each.high)) continue;
    Setting fraction = GetParam();
    fraction.options = {{fmt::format("{}.{}", one.name, each.key), each.low + 0.5}};
    if (one.name == "kid" && each.key != "subsets") fraction.options["kid.subsets"] = 2;
    if (one.name == "kid" && each.key == "seed") fraction.options["kid.subset_size"] = 2;
    std::string checked, computed;
    const auto inputs = inputs_of(fraction, least_of(GetParam()));
    try {
      check(fraction, inputs);
    } catch (const Error& problem) {
      checked = problem.what();
    }
    try {
      one.compute(inputs);
    } catch (const Error& problem) {
      computed = problem.what();
    }
    const auto whole = [](const std::string& text) {
      return text.find("must be a whole number") != std::string::npos;
    };
    // These options say what is drawn for a metric, which does not look at them itself.
    const bool of_drawing =
        one.name == "jacobian_norm" || one.name == "linear_probe_error" || one.name == "ode_nll";
    EXPECT_EQ(whole(checked), whole(computed) || of_drawing)
        << each.key << ": " << checked << computed;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, MetricContract, ::testing::ValuesIn(settings()),
                         [](const auto& test) { return test.param.label; });

// Reports have no metrics: what is better they read in the database.
TEST(MetricRegistry, EveryMetricIsExplainedUnderEachNameThatItsScoresCarry) {
  const std::vector<MetricKind> kinds = metric_kinds();
  for (const Metric& one : metrics()) {
    const MetricKind* kind = kind_of(kinds, one.name);
    ASSERT_NE(kind, nullptr) << one.name;
    EXPECT_EQ(kind->better, one.better) << one.name;
    EXPECT_FALSE(kind->unit.empty()) << one.name;
    EXPECT_EQ(kind->meaning, one.meaning) << one.name;
  }
  EXPECT_EQ(kind_of(kinds, "fid")->better, Better::kLower);
  EXPECT_EQ(kinds.size(), metrics().size() + 2);
}

TEST(Parts, TellTheFirstThatIsMissing) {
  const Parts all = Needs::kPosteriorsAndFactors;
  EXPECT_EQ(all.first_beyond({}), Part::kCodes);
  EXPECT_EQ(all.first_beyond({Part::kFactors, Part::kCodes}), Part::kPosteriors);
  EXPECT_EQ(all.first_beyond({Part::kPosteriors, Part::kCodes, Part::kPaths}), Part::kFactors);
  EXPECT_EQ(all.first_beyond(all), std::nullopt);
}

TEST(MetricRegistry, ScoresOfSamplesAloneNameNoReference) {
  for (const Metric& one : metrics()) {
    const bool alone = one.name == "vendi" || one.name == "inception_score" || one.name == "ppl" ||
                       one.name == "nfe" || one.name == "class_accuracy" ||
                       one.name == "attribute_accuracy" || one.name.ends_with("_multiply_adds") ||
                       one.name.starts_with("stacked_");
    EXPECT_EQ(names_reference(one), !alone) << one.name;
  }
}

TEST(MetricRegistry, EveryMetricIsNamedOnceAndExplained) {
  std::set<std::string_view> names;
  for (const Metric& one : metrics()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    EXPECT_FALSE(one.meaning.empty()) << one.name;
    EXPECT_FALSE(one.paper.empty()) << one.name;
    for (const MetricOption& each : one.options) {
      EXPECT_TRUE(each.low <= each.fallback && each.fallback <= each.high)
          << one.name << "." << each.key;
    }
  }
  EXPECT_GE(names.size(), 49U);
}

}  // namespace
}  // namespace assay
