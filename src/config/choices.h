// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/definition.h"

namespace assay {

/// What a key can name, each name with what it stands for: the one table that a schema's `choices`
/// and the look-up at construction share, so that a name that validates always has its own branch.
template <class T>
class Choices {
 public:
  Choices(std::initializer_list<std::pair<std::string_view, T>> entries) : entries_(entries) {}

  /// For Key::choices.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : entries_) all.emplace_back(entry.first);
    return all;
  }
  /// What a name stands for. Throws std::logic_error for one that no schema lets pass.
  const T& at(std::string_view name) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found == entries_.end()) throw std::logic_error(fmt::format("no choice '{}'", name));
    return found->second;
  }
  /// What a definition's key names.
  const T& of(const Definition& definition, std::string_view path) const {
    return at(definition.text(path));
  }

 private:
  std::vector<std::pair<std::string_view, T>> entries_;
};

}  // namespace assay
