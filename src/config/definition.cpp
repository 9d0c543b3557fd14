// SPDX-License-Identifier: Apache-2.0
#include "config/definition.h"

#include <fmt/format.h>

#include <stdexcept>

#include "config/gate_rule.h"
#include "config/toml_source.h"
#include "core/digest.h"

namespace assay {
namespace {

template <class T>
const T& as(const Value& value, std::string_view path) {
  const T* typed = std::get_if<T>(&value);
  if (typed == nullptr) {
    throw std::logic_error(fmt::format("key '{}' is a {}", path, type_name(value)));
  }
  return *typed;
}

std::string table_of(const std::string& path) {
  const auto dot = path.find('.');
  return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

}  // namespace

std::string id_of_all_keys(std::string_view toml, const std::string& label) {
  const SourceTable values = parse_toml(toml, label).values;
  std::string text = "family = " + to_toml(values.at("family").value) + "\n";
  for (const auto& [path, source] : values) {
    const bool counts = !table_of(path).empty() && path != "train.checkpoint_every_images";
    if (counts) text += path + " = " + to_toml(source.value) + "\n";
  }
  return sha256_hex(text);
}

const Value& Definition::find(std::string_view path) const {
  const auto found = values.find(std::string(path));
  if (found == values.end()) {
    throw std::logic_error(fmt::format("family '{}' has no key '{}'", family, path));
  }
  return found->second.value;
}

bool Definition::has(std::string_view path) const { return values.contains(std::string(path)); }

bool Definition::boolean(std::string_view path) const { return as<bool>(find(path), path); }

std::int64_t Definition::integer(std::string_view path) const {
  return as<std::int64_t>(find(path), path);
}

double Definition::number(std::string_view path) const {
  const Value& value = find(path);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return as<double>(value, path);
}

const std::string& Definition::text(std::string_view path) const {
  return as<std::string>(find(path), path);
}

const std::vector<std::int64_t>& Definition::integers(std::string_view path) const {
  return as<std::vector<std::int64_t>>(find(path), path);
}

const std::vector<std::string>& Definition::texts(std::string_view path) const {
  return as<std::vector<std::string>>(find(path), path);
}

std::string Definition::canonical_of(bool scores_too) const {
  std::string text = fmt::format("family = {}\nrevision = [{}, {}]\n", to_toml(family),
                                 common_revision, family_revision);
  for (const auto& [path, resolved] : values) {
    if (!resolved.identity || resolved.value == resolved.default_value) continue;
    if (scores_too || !only_scores(path)) text += path + " = " + to_toml(resolved.value) + "\n";
  }
  if (first_stage) {
    text += "first_stage = " + to_toml(first_stage->training_id()) + "\n";
    // Which of its weights make the latents.
    const auto& weights = first_stage->values.at("eval.weights");
    if (weights.value != weights.default_value) {
      text += "first_stage.eval.weights = " + to_toml(weights.value) + "\n";
    }
  }
  return text;
}

std::string Definition::canonical() const { return canonical_of(true); }
std::string Definition::training_canonical() const { return canonical_of(false); }
std::string Definition::id() const { return sha256_hex(canonical()); }
std::string Definition::training_id() const { return sha256_hex(training_canonical()); }

// The keys of a first stage come in the tables below [first_stage].
std::string Definition::toml_below(const std::string& prefix) const {
  std::string text = fmt::format("revision = [{}, {}]\n", common_revision, family_revision);
  std::string table;
  for (const auto& [path, resolved] : values) {
    if (table_of(path) != table) {
      table = table_of(path);
      text += fmt::format("\n[{}{}]\n", prefix, table);
    }
    text += path.substr(table.size() + 1) + " = " + to_toml(resolved.value) + "\n";
  }
  return text;
}

std::string Definition::toml() const {
  std::vector<std::int64_t> seed_list(seeds.begin(), seeds.end());
  std::string text = "name = " + to_toml(name) + "\nfamily = " + to_toml(family) + "\n";
  text += "note = " + to_toml(note) + "\nreproduces = " + to_toml(reproduces) + "\n";
  text += "tier = " + to_toml(tier) + "\nseeds = " + to_toml(seed_list) + "\n";
  text += toml_below("");
  std::string table;
  for (const auto& [path, value] : gate) {
    const auto [metric, key] = split_gate_path(path);
    const std::string heading = fmt::format("gate.{}", to_toml(metric));
    if (heading != table) text += "\n[" + heading + "]\n";
    table = heading;
    text += key + " = " + to_toml(value) + "\n";
  }
  if (first_stage) {
    text += fmt::format("\n[first_stage]\nname = {}\nfamily = {}\n", to_toml(first_stage->name),
                        to_toml(first_stage->family));
    text += first_stage->toml_below(std::string(kFirstStageTable));
  }
  return text;
}

}  // namespace assay
