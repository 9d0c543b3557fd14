// SPDX-License-Identifier: Apache-2.0
#include "core/near_miss.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

namespace assay {
namespace {

// Hostile input may be megabytes long; nothing that long is near any word we know.
constexpr std::size_t kLongestWord = 100;

std::size_t reach_of(std::string_view word) { return std::max<std::size_t>(2, word.size() / 3); }

bool is_within_reach(std::string_view word, std::size_t distance, std::string_view candidate) {
  return distance <= reach_of(word) && distance < candidate.size();
}

std::set<std::string_view> parts_of(std::string_view text) {
  constexpr std::string_view kSeparators = "/_-. ";
  constexpr std::size_t kShortest = 3;
  std::set<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find_first_of(kSeparators));
    if (part.size() >= kShortest) parts.insert(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

std::size_t shared_parts(std::string_view a, std::string_view b) {
  const auto parts = parts_of(a);
  return static_cast<std::size_t>(
      std::ranges::count_if(parts_of(b), [&](auto part) { return parts.contains(part); }));
}

// Each of them where it stands first.
std::vector<std::string> distinct(std::span<const std::string> words) {
  std::set<std::string_view> seen;
  std::vector<std::string> all;
  for (const auto& word : words) {
    if (seen.insert(word).second) all.push_back(word);
  }
  return all;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::optional<std::string> near_miss(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = reach_of(word) + 1;
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && is_within_reach(word, distance, candidate)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::vector<std::string> near_words(std::string_view word, std::span<const std::string> known,
                                    std::size_t most) {
  if (word.size() > kLongestWord) return {};
  // (not within reach, −shared parts where not, distance, place)
  std::vector<std::tuple<bool, std::ptrdiff_t, std::size_t, std::size_t>> found;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const std::size_t distance = edit_distance(word, known[i]);
    const bool far = !is_within_reach(word, distance, known[i]);
    const auto shared = static_cast<std::ptrdiff_t>(shared_parts(word, known[i]));
    if (!far || shared > 0) found.emplace_back(far, far ? -shared : 0, distance, i);
  }
  std::ranges::sort(found);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(most, found.size()); ++i) {
    words.push_back(known[std::get<3>(found[i])]);
  }
  return words;
}

std::string suggestion(std::string_view word, std::span<const std::string> words,
                       std::string_view names) {
  const auto known = distinct(words);
  const auto near = near_miss(word, known);
  std::string text = near ? fmt::format("; did you mean '{}'?", *near) : std::string(".");
  return fmt::format("{} Known {}: {}", text, names, fmt::join(known, ", "));
}

std::string short_suggestion(std::string_view word, std::span<const std::string> words,
                             std::string_view names, std::string_view all) {
  const auto known = distinct(words);
  const auto meant = near_miss(word, known);
  std::vector<std::string> others = near_words(word, known);
  if (meant) std::erase(others, *meant);
  std::string text = meant ? fmt::format("; did you mean '{}'?", *meant) : std::string(".");
  if (!others.empty()) {
    text += fmt::format(" {}: {}.", meant ? "Others like it" : "Like it", fmt::join(others, ", "));
  }
  return fmt::format("{} {} all {} {}", text, all, known.size(), names);
}

}  // namespace assay
