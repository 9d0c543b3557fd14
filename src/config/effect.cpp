// SPDX-License-Identifier: Apache-2.0
#include "config/effect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/validate.h"
#include "core/error.h"

namespace assay {
namespace {

// What a key holds, and in which layer it was set; its default was set before all.
SourceValue held(const Key& key, const SourceTable& values) {
  const auto found = values.find(key.path);
  if (found == values.end()) return {key.default_value, "default", -1};
  return {checked(key, found->second), found->second.where, found->second.layer};
}

bool is_met(const Need& need, const Key& key, const Value& value) {
  if (need.values.empty()) return value != key.default_value;
  const auto wanted = [&](const std::string& text) {
    return std::find(need.values.begin(), need.values.end(), text) != need.values.end();
  };
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    return std::any_of(list->begin(), list->end(), wanted);
  }
  const auto* text = std::get_if<std::string>(&value);
  return wanted(text != nullptr ? *text : to_toml(value));
}

// "objective.kl_parts = \"weighted\" or \"stratified\"".
std::string wanted_text(const Need& need, const Key& key) {
  std::vector<std::string> values = need.values;
  if (values.empty()) values = key.choices;
  std::erase_if(values, [&](const auto& text) { return Value(text) == key.default_value; });
  if (values.empty()) return fmt::format("{} other than {}", need.path, to_toml(key.default_value));
  const bool is_list = std::holds_alternative<std::vector<std::string>>(key.default_value);
  if (is_list || std::holds_alternative<std::string>(key.default_value)) {
    for (auto& value : values) value = to_toml(Value(value));
  }
  return fmt::format("{} {} {}", need.path, is_list ? "with" : "=", fmt::join(values, " or "));
}

// Raw weights are all that there is where neither of two keys keeps an average, which a Need, being
// of one key, cannot say.
void check_scored_weights(const Schema& schema, const SourceTable& values, int from_layer) {
  const Key* weights = find_key(schema, "eval.weights");
  if (weights == nullptr) return;
  const SourceValue own = held(*weights, values);
  if (own.layer < from_layer || own.value == weights->default_value) return;
  std::vector<std::string> held_text, needed;
  for (const char* path : {"ema.decay", "ema.half_life_images"}) {
    const Key& key = require_key(schema, path, own.where);
    const SourceValue kept = held(key, values);
    if (kept.value != key.default_value || kept.layer > own.layer) return;
    held_text.push_back(fmt::format("{} is {} ({})", path, to_toml(kept.value), kept.where));
    needed.push_back(fmt::format("{} above {}", path, to_toml(key.default_value)));
  }
  throw Error(fmt::format(
      "{}: eval.weights = {} has no effect: {}, so that no others are kept; it "
      "needs {}",
      own.where, to_toml(own.value), fmt::join(held_text, " and "), fmt::join(needed, " or ")));
}

// A seed is of what is drawn: a set that is generated, or pixels' coins.
void check_data_seed(const Schema& schema, const SourceTable& values, int from_layer) {
  const Key* key = find_key(schema, "dataset.seed");
  if (key == nullptr) return;
  const SourceValue own = held(*key, values);
  if (own.layer < from_layer || own.value == key->default_value) return;
  const SourceValue name = held(require_key(schema, "dataset.name", own.where), values);
  const SourceValue coins = held(require_key(schema, "dataset.binarisation", own.where), values);
  const Need& drawn = require_key(schema, "dataset.count", own.where).needs.front();
  const auto& text = std::get<std::string>(name.value);
  if (std::ranges::find(drawn.values, text) != drawn.values.end()) return;
  if (coins.value != Value(std::string("none")) || std::max(name.layer, coins.layer) > own.layer)
    return;
  throw Error(fmt::format(
      "{}: dataset.seed = {} has no effect: dataset.name is \"{}\" ({}), whose examples are read, "
      "and dataset.binarisation is \"none\" ({}); leave it out",
      own.where, to_toml(own.value), text, name.where, coins.where));
}

}  // namespace

bool has_effect(const Key& key, const Schema& schema, const Definition& definition) {
  return std::all_of(key.needs.begin(), key.needs.end(), [&](const Need& need) {
    const Key& other = require_key(schema, need.path, definition.name);
    return is_met(need, other, definition.values.at(need.path).value) &&
           has_effect(other, schema, definition);
  });
}

void check_effects(const Schema& schema, const SourceTable& values, int from_layer) {
  for (const Key& key : schema) {
    const SourceValue own = held(key, values);
    if (own.layer < from_layer || own.value == key.default_value) continue;
    for (const Need& need : key.needs) {
      const Key& other = require_key(schema, need.path, own.where);
      const SourceValue gate = held(other, values);
      if (gate.layer > own.layer || is_met(need, other, gate.value)) continue;
      throw Error(fmt::format("{}: {} = {} has no effect: {} is {} ({}); it needs {}", own.where,
                              key.path, to_toml(own.value), need.path, to_toml(gate.value),
                              gate.where, wanted_text(need, other)));
    }
  }
  check_scored_weights(schema, values, from_layer);
  check_data_seed(schema, values, from_layer);
}

}  // namespace assay
