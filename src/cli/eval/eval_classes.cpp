// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_classes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "data/class_names.h"

namespace assay {
namespace {

bool has_names(const EvalSource& side) {
  return !side.class_names.empty() && !are_numbers(side.class_names);
}

bool names_are_numbers(const EvalSource& side) { return are_numbers(side.class_names); }

bool has_numbers(const EvalSource& side) { return side.numbered || names_are_numbers(side); }

// A label's class as both sides know it.
std::string key_of(const EvalSource& side, std::int64_t label, bool by_name) {
  const auto place = static_cast<std::size_t>(label);
  if (by_name) return place < side.class_names.size() ? side.class_names[place] : "";
  // What a label is called goes before the label itself.
  return std::to_string(names_are_numbers(side) ? *class_number(side.class_names.at(place))
                                                : label);
}

// The labels that occur, each with its class.
std::map<std::int64_t, std::string> keys_of(const EvalSource& side, bool by_name) {
  std::map<std::int64_t, std::string> keys;
  const auto present = std::get<0>(at::_unique(side.labels, /*sorted=*/true));
  for (std::int64_t i = 0; i < present.numel(); ++i) {
    const auto label = present[i].item<std::int64_t>();
    keys.emplace(label, key_of(side, label, by_name));
  }
  return keys;
}

void renumber(EvalSource& side, const std::map<std::int64_t, std::string>& keys,
              const std::vector<std::string>& names) {
  std::vector<std::int64_t> old_labels, places;
  for (const auto& [label, key] : keys) {
    old_labels.push_back(label);
    places.push_back(std::find(names.begin(), names.end(), key) - names.begin());
  }
  const auto row = at::searchsorted(at::tensor(old_labels, at::kLong), side.labels);
  side.labels = at::tensor(places, at::kLong).index_select(0, row);
  side.class_names = names;
}

std::vector<std::string> without(const std::map<std::int64_t, std::string>& one,
                                 const std::map<std::int64_t, std::string>& other) {
  std::set<std::string> known;
  for (const auto& [label, key] : other) known.insert(key);
  std::vector<std::string> rest;
  for (const auto& [label, key] : one) {
    if (!known.contains(key)) rest.push_back(key);
  }
  return rest;
}

std::string naming_problem(const EvalSource& generated, const EvalSource& reference) {
  const bool first = has_names(generated);
  const EvalSource& named = first ? generated : reference;
  const EvalSource& other = first ? reference : generated;
  return fmt::format(
      "{} names its classes ({}), {} knows them by numbers; name the folders of one side by the "
      "numbers of the other",
      named.name, some_of(named.class_names), other.name);
}

}  // namespace

SharedClasses share_classes(EvalSource& generated, EvalSource& reference) {
  SharedClasses shared;
  if (!generated.labels.defined() || !reference.labels.defined()) return shared;
  const bool by_name = has_names(generated) && has_names(reference);
  if (!by_name && !(has_numbers(generated) && has_numbers(reference))) {
    shared.problem = naming_problem(generated, reference);
    return shared;
  }
  const auto of_generated = keys_of(generated, by_name);
  const auto of_reference = keys_of(reference, by_name);
  std::set<std::string> all;
  for (const auto* keys : {&of_generated, &of_reference}) {
    for (const auto& [label, key] : *keys) all.insert(key);
  }
  shared.names = in_class_order({all.begin(), all.end()});
  shared.only_generated = without(of_generated, of_reference);
  shared.only_reference = without(of_reference, of_generated);
  renumber(generated, of_generated, shared.names);
  renumber(reference, of_reference, shared.names);
  return shared;
}

std::string legend(const SharedClasses& classes) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < classes.names.size(); ++i) {
    if (classes.names[i] != std::to_string(i)) {
      parts.push_back(fmt::format("{} is {}", i, classes.names[i]));
    }
  }
  return parts.empty() ? "" : fmt::format(" (class {})", some_of(parts));
}

void require_shared(const SharedClasses& classes, const std::string& metric, bool all_generated) {
  if (!classes.problem.empty()) throw Error(fmt::format("{}: {}", metric, classes.problem));
  std::vector<std::string> parts;
  if (!classes.only_generated.empty()) {
    parts.push_back(fmt::format("the reference has none of {}", some_of(classes.only_generated)));
  }
  if (all_generated && !classes.only_reference.empty()) {
    parts.push_back(fmt::format(
        "{} never generated",
        some_of(classes.only_reference) + (classes.only_reference.size() == 1 ? " was" : " were")));
  }
  if (parts.empty()) return;
  throw Error(
      fmt::format("{}: the classes of the two sides differ: {}; name classes alike, and "
                  "give both sides all of them",
                  metric, fmt::join(parts, "; ")));
}

}  // namespace assay
