// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_output.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <tuple>
#include <utility>

#include "cli/text/table.h"
#include "metrics/features/inception_score.h"

namespace assay {
namespace {

constexpr std::int64_t kEnough = 2048;
constexpr std::int64_t kEnoughPerSplit = 500;

bool has_any(const EvalResult& result, std::initializer_list<std::string_view> names) {
  return std::any_of(result.values.begin(), result.values.end(), [&](const MetricValue& value) {
    return std::find(names.begin(), names.end(), value.name) != names.end();
  });
}

// shape: [C,H,W].
std::string size_text(at::IntArrayRef shape) { return fmt::format("{}x{}", shape[2], shape[1]); }
std::string size_text(const ImageGroup& group) { return size_text(group.images.sizes().slice(1)); }

// Sizes from the most frequent on, the rest counted.
std::string sizes_text(const std::vector<ImageGroup>& groups) {
  constexpr std::size_t kShown = 3;
  if (groups.size() == 1) return size_text(groups[0]);
  std::vector<const ImageGroup*> sorted;
  for (const auto& group : groups) sorted.push_back(&group);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* one, const auto* other) {
    return one->images.size(0) > other->images.size(0);
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, sorted.size()); ++i) {
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", size_text(*sorted[i]),
                        sorted[i]->images.size(0));
  }
  return groups.size() > kShown ? fmt::format("{} and {} other sizes", text, groups.size() - kShown)
                                : text;
}

std::string rows_text(const EvalSource& source) {
  std::string text = fmt::format("{} rows", source.rows());
  const auto add = [&](const char* name, const at::Tensor& rows) {
    if (rows.defined()) text += fmt::format(", {} {}", rows.size(1), name);
  };
  add("features", source.features);
  add("logits", source.logits);
  add("spatial features", source.spatial);
  add("codes", source.codes.means);
  add("factors", source.codes.factors);
  return text;
}

}  // namespace

void add_input(EvalResult& result, const std::string& role, const EvalSource& source) {
  if (role == "generated") result.generated_digest = source.digest;
  ReadInput input{role, "", {{"source", source.name}, {"n", source.rows()}}};
  std::string what = rows_text(source);
  if (source.from_images()) {
    const auto sizes = source.drawn ? size_text(source.drawn_shape) : sizes_text(source.images);
    what = fmt::format("{} images of {}, {}", source.rows(), sizes,
                       source.channels() == 1 ? "grey" : "coloured");
    input.json["size"] = sizes;
    input.json["channels"] = source.channels();
  }
  if (source.labels.defined()) {
    const auto classes = std::get<0>(at::_unique(source.labels)).numel();
    what += fmt::format(", {} class{}", classes, classes == 1 ? "" : "es");
    input.json["classes"] = classes;
  }
  for (const auto& phrase : source.passed_over) what += "; " + phrase;
  if (!source.passed_over.empty()) input.json["passed_over"] = source.passed_over;
  if (source.other_files > 0) input.json["other_files"] = source.other_files;
  input.text = fmt::format("{}: {}", source.name, what);
  result.inputs.push_back(std::move(input));
  for (const auto& remark : source.remarks) {
    result.notes.push_back(remark + ".");
    result.warnings.push_back(remark);
  }
  for (const auto& [array, reason] : source.unread) {
    result.notes.push_back(fmt::format("Left unread: {}", reason));
  }
}

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

void add_order_note(EvalResult& result, const MetricInputs& inputs) {
  if (!has_any(result, {"inception_score"}) || !inception_score_follows_order(inputs)) return;
  result.notes.push_back(
      "inception_score depends on the order of the rows here: its splits differ by more than those "
      "of shuffled rows would, as if the rows were sorted by class; shuffle them, or take --set "
      "inception_score.splits=1.");
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
  Json inputs = Json::object();
  for (const auto& input : result.inputs) inputs[input.role] = input.json;
  return {{"metrics", all}, {"inputs", inputs}, {"notes", result.notes}};
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
  for (const auto& input : result.inputs) fmt::print("{}  {}\n", input.role, input.text);
  for (const auto& note : result.notes) fmt::print("{}\n", note);
}

}  // namespace assay
