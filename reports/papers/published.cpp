// SPDX-License-Identifier: Apache-2.0
#include "reports/papers/published.h"

#include <fmt/format.h>

#include <array>

#include "config/validate.h"
#include "core/error.h"

namespace assay {

extern const std::string_view kPublishedToml;

namespace {

// In the order of the enumerators.
constexpr std::string_view kCertainties = "RTSM";

Key text_key(std::string path, std::string meaning, std::vector<std::string> choices = {}) {
  Key key;
  key.path = std::move(path);
  key.default_value = std::string();
  key.meaning = std::move(meaning);
  key.choices = std::move(choices);
  return key;
}

std::string required(const SourceItem& item, const std::string& path) {
  const auto text = value_of<std::string>(item.values, published_schema(), path);
  if (!text.empty()) return text;
  throw Error(fmt::format("{}: a [[published]] value needs '{}'", item.where, path));
}

constexpr std::string_view kFields = "fields.";

// The protocol's fields have names of their own.
Protocol read_fields(const SourceItem& item) {
  Protocol fields;
  for (const auto& [path, value] : item.values) {
    if (!path.starts_with(kFields)) {
      require_key(published_schema(), path, value.where);
      continue;
    }
    const auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr) {
      throw Error(
          fmt::format("{}: {} is no text; fields of protocols are texts", value.where, path));
    }
    fields[path.substr(kFields.size())] = *text;
  }
  return fields;
}

// What is said of the spread, and of the runs here that will be held against the value.
void check_value(const PublishedValue& value, const std::map<std::string, std::string>& ids) {
  if (value.spread && value.spread_of.empty()) {
    throw Error(fmt::format("{}: spread = {} needs spread_of: what it is, or 'not stated'",
                            value.where, *value.spread));
  }
  for (const auto& name : value.experiments) {
    if (ids.contains(name)) continue;
    throw Error(fmt::format("{}: experiment '{}' has no id in [experiments]", value.where, name));
  }
  if (!value.experiments.empty() && value.tolerance == 0.0) {
    throw Error(fmt::format(
        "{}: a value that experiments repeat needs a tolerance, written down before they run",
        value.where));
  }
  if (!value.experiments.empty() && value.fields.empty()) {
    throw Error(
        fmt::format("{}: a value that experiments repeat needs fields, the protocol that their "
                    "scores must have",
                    value.where));
  }
}

PublishedValue read_value(const SourceItem& item) {
  const Schema& schema = published_schema();
  if (!item.values.contains("value")) {
    throw Error(fmt::format("{}: a [[published]] value needs 'value'", item.where));
  }
  PublishedValue value;
  value.model = required(item, "model");
  value.data = required(item, "data");
  value.metric = required(item, "metric");
  value.value = value_of<double>(item.values, schema, "value");
  if (item.values.contains("spread")) {
    value.spread = value_of<double>(item.values, schema, "spread");
  }
  value.spread_of = value_of<std::string>(item.values, schema, "spread_of");
  value.runs = value_of<std::int64_t>(item.values, schema, "runs");
  value.paper = required(item, "paper");
  value.source = required(item, "source");
  value.tier = required(item, "tier");
  value.protocol = required(item, "protocol");
  value.fields = read_fields(item);
  value.tolerance = value_of<double>(item.values, schema, "tolerance");
  value.needs = value_of<std::string>(item.values, schema, "needs");
  value.certainty = static_cast<Certainty>(kCertainties.find(required(item, "certainty")));
  value.experiments = value_of<std::vector<std::string>>(item.values, schema, "experiments");
  value.where = item.where;
  return value;
}

}  // namespace

const Schema& published_schema() {
  static const Schema keys = {
      text_key("model", "required: which model, as the paper calls it"),
      text_key("data", "required: which data set"),
      text_key("metric", "required: as assay calls it, where it has it; fid: Inception-v3's"),
      {.path = "value", .default_value = 0.0, .meaning = "required: the number"},
      {.path = "spread", .default_value = 0.0, .meaning = "after the ±", .minimum = 0.0},
      text_key("spread_of", "what the spread is; required with one",
               {"standard deviation", "standard error", "evaluations of one model", "best of runs",
                "not stated"}),
      {.path = "runs",
       .default_value = std::int64_t{0},
       .meaning = "trainings behind the value; 0: not stated",
       .minimum = 0},
      text_key("paper", "required: who published it, one text for all values of a paper"),
      text_key("source", "required: paper or repository, with its table"),
      text_key("tier", "required: what it takes to repeat it", {"cpu", "gpu", "full"}),
      text_key("protocol", "required: how it was measured"),
      {.path = "tolerance",
       .default_value = 0.0,
       .meaning = "difference of means that still counts as reproduced; needed with experiments",
       .minimum = 0.0},
      text_key("needs", "why it cannot be repeated here"),
      text_key("certainty",
               "required: R read in the official repository, T in the paper, S quoted elsewhere, "
               "M from memory",
               {"R", "T", "S", "M"}),
      {.path = "experiments",
       .default_value = std::vector<std::string>{},
       .meaning = "experiments here that repeat it"}};
  return keys;
}

bool is_fact(const PublishedValue& value) { return value.certainty != Certainty::kMemory; }

std::string_view certainty_text(Certainty certainty) {
  constexpr std::array<std::string_view, 4> kTexts = {
      "read in the official repository", "read in the paper", "as quoted by a secondary source",
      "from memory, not checked"};
  return kTexts[static_cast<std::size_t>(certainty)];
}

PublishedValues read_published(std::string_view toml, const std::string& label) {
  const TomlSource source = parse_toml(toml, label);
  constexpr std::string_view kExperiments = "experiments.";
  PublishedValues found;
  for (const auto& [path, value] : source.values) {
    const auto* id = std::get_if<std::string>(&value.value);
    if (!path.starts_with(kExperiments) || id == nullptr) {
      throw Error(fmt::format("{}: '{}' stands outside a [[published]] table", value.where, path));
    }
    found.ids[path.substr(kExperiments.size())] = *id;
  }
  for (const auto& [name, items] : source.items) {
    if (name != "published") {
      throw Error(
          fmt::format("{}: unknown table [[{}]]; known: [[published]]", items.front().where, name));
    }
    for (const SourceItem& item : items) {
      found.values.push_back(read_value(item));
      check_value(found.values.back(), found.ids);
    }
  }
  return found;
}

const PublishedValues& published_values() {
  static const auto values = read_published(kPublishedToml, "results/published.toml");
  return values;
}

}  // namespace assay
