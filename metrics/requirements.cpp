// SPDX-License-Identifier: Apache-2.0
#include "metrics/requirements.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "metrics/features/kernel_distance.h"
#include "metrics/images/parzen.h"
#include "metrics/images/ssim.h"
#include "metrics/images/stacked_modes.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

using std::int64_t;

// The others count, or are drawn with: whole numbers.
constexpr std::array<std::string_view, 11> kRealOptions{
    "mifid.eps",           "cmmd.sigma",       "cmmd.scale",
    "mmd_rbf.sigma",       "vendi.q",          "ppl.epsilon",
    "ppl.trim_low",        "ppl.trim_high",    "active_units.threshold",
    "code_rate.tolerance", "ode_nll.tolerance"};
constexpr std::string_view kLeastDeviation = "factor_vae_score.least_deviation";

Requirements of_parts(Parts parts) {
  const auto rows = [&](Parts any) { return parts.any_of(any) ? 2 : 0; };
  Requirements least{
      .generated = rows({Part::kFeatures, Part::kSpatialFeatures, Part::kLogits, Part::kPaths,
                         Part::kImages, Part::kPoints}),
      .reference =
          rows({Part::kFeatures, Part::kSpatialFeatures, Part::kImages, Part::kReconstructions,
                Part::kNoisyReconstructions, Part::kCodes, Part::kJacobian, Part::kElbo,
                Part::kLogWeights, Part::kClassLogits, Part::kDenoisingLosses, Part::kDensities}),
      .held_out = rows({Part::kHeldOut}),
      .training = rows({Part::kTrainingCodes}),
      .images = parts.any_of({Part::kImages, Part::kReconstructions, Part::kNoisyReconstructions}),
      .points = parts.has(Part::kPoints),
      .labels = parts.has(Part::kLabels),
      .training_labels = parts.has(Part::kTrainingCodes),
      .logits = parts.has(Part::kLogits),
      .spatial = parts.has(Part::kSpatialFeatures),
      .trained_on = parts.has(Part::kHeldOut)};
  if (!parts.has(Part::kFactors)) return least;
  // Ten rows are six to learn from, as many as groups of a jackknife and one more, and three to
  // score.
  least.reference = 10;
  least.codes = 2;
  least.factors = 1;
  return least;
}

void of_kid(const MetricInputs& settings, Requirements& least) {
  check_kid_options(settings);
  // clean-fid takes smaller subsets where there are fewer rows.
  if (kid_takes_all_pairs(settings) || settings.compat == "clean-fid") return;
  const auto size = whole_option(settings, "kid.subset_size");
  least.generated = least.reference = size;
  least.because = fmt::format("kid.subset_size = {}", size);
}

void balls_of_reference(const MetricInputs& settings, Requirements& least) {
  least.reference = std::max<int64_t>(2, settings.k + 1);
  least.because = fmt::format("k = {} neighbours", settings.k);
}

void balls_of_generated(const MetricInputs& settings, Requirements& least) {
  least.generated = std::max<int64_t>(2, settings.k + 1);
  least.because = fmt::format("k = {} neighbours", settings.k);
}

void of_ct(const MetricInputs& settings, Requirements& least) {
  const auto cells = whole_option(settings, "ct.cells");
  const auto rows = whole_option(settings, "ct.min_generated");
  least.reference = std::max<int64_t>(2, cells);
  least.generated = std::max<int64_t>(2, rows + 1);
  least.because = fmt::format("ct.cells = {}, ct.min_generated = {}", cells, rows);
}

void of_inception_score(const MetricInputs& settings, Requirements& least) {
  const auto splits = whole_option(settings, "inception_score.splits");
  least.generated = 2 * splits;
  least.because = fmt::format("two for each of inception_score.splits = {}", splits);
}

void two_factors(const MetricInputs&, Requirements& least) { least.factors = 2; }
void two_of_a_value(const MetricInputs&, Requirements& least) { least.rows_of_value = 2; }
void no_reference(const MetricInputs&, Requirements& least) { least.reference = 0; }
void of_the_training_set(const MetricInputs&, Requirements& least) { least.trained_on = true; }
void of_stacked(const MetricInputs&, Requirements& least) {
  least.reference = 0;
  least.side = kStackedSide;
}
void of_parzen(const MetricInputs&, Requirements& least) {
  least.reference = kParzenValidation + 2;
  least.because = fmt::format("{} of them decide the width of the window", kParzenValidation);
}
void both_sides(const MetricInputs&, Requirements& least) { least.reference = 2; }

// What a metric needs beyond all of its kind.
struct Statement {
  std::string_view metric;
  void (*add)(const MetricInputs& settings, Requirements& least);
};

const std::vector<Statement>& statements() {
  static const std::vector<Statement> kStatements{
      {"fd_infinity", [](const MetricInputs&, Requirements& least) { least.generated = 20; }},
      {"intra_fd", [](const MetricInputs&, Requirements& least) { least.rows_of_class = 2; }},
      {"kid", of_kid},
      {"precision", balls_of_reference},
      {"recall", balls_of_generated},
      {"density", balls_of_reference},
      {"coverage", balls_of_reference},
      {"authpct", of_the_training_set},
      {"mifid", of_the_training_set},
      {"ct", of_ct},
      {"fld", [](const MetricInputs&, Requirements& least) { least.reference = 4; }},
      {"inception_score", of_inception_score},
      {"vendi", no_reference},
      {"class_accuracy", no_reference},
      {"ssim", [](const MetricInputs&, Requirements& least) { least.side = kSsimWindow; }},
      {"ms_ssim", [](const MetricInputs&, Requirements& least) { least.side = kMsSsimSide; }},
      {"nfe", [](const MetricInputs&, Requirements& least) { least.generated = 1; }},
      {"attribute_accuracy", [](const MetricInputs&, Requirements& least) { least.generated = 2; }},
      {"sampling_multiply_adds",
       [](const MetricInputs&, Requirements& least) { least.generated = 1; }},
      {"w2_exact", both_sides},
      {"normalised_path_energy", both_sides},
      {"parzen", of_parzen},
      {"stacked_modes_covered", of_stacked},
      {"stacked_reverse_kl", of_stacked},
      {"cas",
       [](const MetricInputs&, Requirements& least) {
         least.side = 8;
         least.generated_classes = 2;
       }},
      {"gaussian_total_correlation",
       [](const MetricInputs&, Requirements& least) {
         least.codes = 2;
         least.more_rows_than_codes = true;
       }},
      {"modularity", two_factors},
      {"dci_disentanglement", two_factors},
      {"dci_completeness", two_factors},
      {"dci_informativeness", two_factors},
      {"factor_vae_score", two_of_a_value},
      {"beta_vae_score", two_of_a_value}};
  return kStatements;
}

void check_whole(const Metric& metric, const MetricInputs& settings) {
  for (const MetricOption& one : metric.options) {
    const auto key = fmt::format("{}.{}", metric.name, one.key);
    const bool real = key == kLeastDeviation || std::find(kRealOptions.begin(), kRealOptions.end(),
                                                          key) != kRealOptions.end();
    if (!real) whole_option(settings, key);
  }
}

}  // namespace

Requirements requirements_of(const Metric& metric, const MetricInputs& settings) {
  check_whole(metric, settings);
  Requirements least = of_parts(metric.needs);
  for (const Statement& statement : statements()) {
    if (statement.metric == metric.name) statement.add(settings, least);
  }
  return least;
}

bool names_reference(const Metric& metric) {
  return metric.needs.has(Part::kPoints) || requirements_of(metric, {}).reference > 0;
}

}  // namespace assay
