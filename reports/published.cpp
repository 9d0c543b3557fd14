// SPDX-License-Identifier: Apache-2.0
#include "reports/published.h"

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

PublishedValue read_value(const SourceItem& item) {
  const Schema& schema = published_schema();
  for (const auto& [path, value] : item.values) require_key(schema, path, value.where);
  if (!item.values.contains("value")) {
    throw Error(fmt::format("{}: a [[published]] value needs 'value'", item.where));
  }
  PublishedValue value;
  value.model = required(item, "model");
  value.data = required(item, "data");
  value.metric = required(item, "metric");
  value.value = value_of<double>(item.values, schema, "value");
  value.spread = value_of<double>(item.values, schema, "spread");
  value.spread_of = value_of<std::string>(item.values, schema, "spread_of");
  value.runs = value_of<std::int64_t>(item.values, schema, "runs");
  value.source = required(item, "source");
  value.protocol = required(item, "protocol");
  value.certainty = static_cast<Certainty>(kCertainties.find(required(item, "certainty")));
  value.experiments = value_of<std::vector<std::string>>(item.values, schema, "experiments");
  value.where = item.where;
  if (value.spread > 0.0 && value.spread_of.empty()) {
    throw Error(fmt::format("{}: spread = {} needs spread_of: what it is, or 'not stated'",
                            item.where, value.spread));
  }
  return value;
}

}  // namespace

const Schema& published_schema() {
  static const Schema keys = {
      text_key("model", "required: which model, as the paper calls it"),
      text_key("data", "required: which data set"),
      text_key("metric", "required: as assay calls it, where it has it; fid: Inception-v3's"),
      {.path = "value", .default_value = 0.0, .meaning = "required: the number"},
      {.path = "spread", .default_value = 0.0, .meaning = "after the ±; 0: none", .minimum = 0.0},
      text_key("spread_of", "what the spread is; required with one",
               {"standard deviation", "standard error", "evaluations of one model", "not stated"}),
      {.path = "runs",
       .default_value = std::int64_t{0},
       .meaning = "trainings behind the value; 0: not stated",
       .minimum = 0},
      text_key("source", "required: paper or repository, with its table"),
      text_key("protocol", "required: how it was measured"),
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

std::vector<PublishedValue> read_published(std::string_view toml, const std::string& label) {
  const TomlSource source = parse_toml(toml, label);
  for (const auto& [path, value] : source.values) {
    throw Error(fmt::format("{}: '{}' stands outside a [[published]] table", value.where, path));
  }
  std::vector<PublishedValue> values;
  for (const auto& [name, items] : source.items) {
    if (name != "published") {
      throw Error(
          fmt::format("{}: unknown table [[{}]]; known: [[published]]", items.front().where, name));
    }
    for (const SourceItem& item : items) values.push_back(read_value(item));
  }
  return values;
}

const std::vector<PublishedValue>& published_values() {
  static const auto values = read_published(kPublishedToml, "results/published.toml");
  return values;
}

}  // namespace assay
