// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "cli/table.h"

namespace assay {
namespace {

constexpr std::int64_t kEnough = 2048;
constexpr std::int64_t kEnoughPerSplit = 500;

bool has_any(const EvalResult& result, std::initializer_list<std::string_view> names) {
  return std::any_of(result.values.begin(), result.values.end(), [&](const MetricValue& value) {
    return std::find(names.begin(), names.end(), value.name) != names.end();
  });
}

}  // namespace

void add_sample_notes(EvalResult& result) {
  const auto n = std::min(result.n_generated, result.n_reference);
  const bool frechet = has_any(result, {"fd", "fid", "sfd", "sfid", "mifid", "intra_fd"});
  if (frechet && n < kEnough) {
    result.notes.push_back(fmt::format(
        "With fewer than {} examples a side, Frechet distances are biased upwards: compare only "
        "values of the same n.",
        kEnough));
  }
  if (frechet && n <= result.dimensions) {
    result.notes.push_back(fmt::format(
        "With no more examples than the {} features, covariances are singular: a Frechet distance "
        "sees only the directions that the examples span.",
        result.dimensions));
  }
  if (n < kEnough && has_any(result, {"precision", "recall", "density", "coverage"})) {
    result.notes.push_back(
        "Precision, recall, density and coverage depend on how many examples there are: compare "
        "only values of the same n.");
  }
  for (const MetricValue& value : result.values) {
    if (value.name == "inception_score" &&
        result.n_generated / std::stoll(value.protocol.at("splits")) < kEnoughPerSplit) {
      result.notes.push_back(
          fmt::format("With fewer than {} examples a split, inception_score is biased downwards.",
                      kEnoughPerSplit));
    }
    if (!std::isfinite(value.standard_error)) {
      result.notes.push_back(
          fmt::format("{} has no standard error: too few rows or subsets, or no spread among them.",
                      value.name));
    }
  }
}

Json to_json(const EvalResult& result) {
  Json all = Json::object();
  for (const MetricValue& value : result.values) {
    all[value.name] = {{"value", json_number(value.value)},
                       {"standard_error", json_number(value.standard_error)},
                       {"n_generated", result.n_generated},
                       {"n_reference", result.n_reference},
                       {"protocol", value.protocol}};
  }
  return {{"metrics", all}, {"notes", result.notes}};
}

void print_table(const EvalResult& result) {
  Table table({"metric", "value", "± se", "95 % interval"});
  for (const MetricValue& value : result.values) {
    const bool known = std::isfinite(value.standard_error);
    const double half = 1.96 * value.standard_error;
    table.add({value.name, short_number(value.value),
               known ? short_number(value.standard_error) : "",
               known ? fmt::format("{} to {}", short_number(value.value - half),
                                   short_number(value.value + half))
                     : ""});
  }
  const auto reference =
      result.n_reference > 0 ? fmt::format(", {} reference", result.n_reference) : std::string();
  fmt::print("{}\n{} generated{}, {}\n", table.text(), result.n_generated, reference,
             result.extractor);
  for (const auto& note : result.notes) fmt::print("{}\n", note);
}

}  // namespace assay
