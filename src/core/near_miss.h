// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Number of insertions, deletions, substitutions and swaps of neighbours that turn a into b
/// (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word nearest to `word`, if it is near enough to be what was meant
/// (at most two edits, or a third of the word's length).
std::optional<std::string> near_miss(std::string_view word, std::span<const std::string> known);

/// The known words that `word` may have been meant for, nearest first, at most `most`: those within
/// reach of near_miss, then those that share a word of three letters or more with it
/// ("fashion_mnist" in "vae/fashion_mnits_conv").
std::vector<std::string> near_words(std::string_view word, std::span<const std::string> known,
                                    std::size_t most = 5);

/// "; did you mean 'x'? Known NAMES: a, b, c" — the tail of an error about an unknown word. Known
/// words that stand there twice count once, here and below.
std::string suggestion(std::string_view word, std::span<const std::string> known,
                       std::string_view names);

/// The same where there are too many names to list them: the near ones, and `all`, which says where
/// all are: "; did you mean 'x'? Others like it: y, z. `assay list` shows all 80 names".
std::string short_suggestion(std::string_view word, std::span<const std::string> known,
                             std::string_view names, std::string_view all);

}  // namespace assay
