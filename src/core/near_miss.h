// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay {

/// Number of insertions, deletions, substitutions and swaps of neighbours that turn a into b
/// (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word nearest to `word`, if it is near enough to be what was meant
/// (at most two edits, or a third of the word's length).
std::optional<std::string> near_miss(std::string_view word, std::span<const std::string> known);

/// "; did you mean 'x'? Known NAMES: a, b, c" — the tail of an error about an unknown word.
std::string suggestion(std::string_view word, std::span<const std::string> known,
                       std::string_view names);

}  // namespace assay
