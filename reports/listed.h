// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace assay {

/// "a", "a, b and c"; of more than three "a, b, c and 2 more".
std::string listed(std::span<const std::string> texts, std::string_view comma = ", ",
                   std::string_view last = " and ");

/// The first digits of a digest, which tell it apart and leave room in a sentence; any other text
/// as it is.
std::string short_digest(const std::string& text, std::size_t digits);

}  // namespace assay
