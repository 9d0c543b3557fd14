// SPDX-License-Identifier: Apache-2.0
#include "reports/listed.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay {

std::string listed(std::span<const std::string> texts, std::string_view comma,
                   std::string_view last) {
  constexpr std::size_t kShown = 3;
  const std::size_t shown = std::min(kShown, texts.size());
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += i + 1 == texts.size() ? last : comma;
    text += texts[i];
  }
  if (texts.size() > shown) text += fmt::format("{}{} more", last, texts.size() - shown);
  return text;
}

std::string short_digest(const std::string& text, std::size_t digits) {
  constexpr std::size_t kDigestDigits = 64;
  return text.size() == kDigestDigits ? text.substr(0, digits) : text;
}

}  // namespace assay
