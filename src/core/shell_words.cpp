// SPDX-License-Identifier: Apache-2.0
#include "core/shell_words.h"

namespace assay {
namespace {

// Takes what follows an opening quote, and the closing one, off the line. False if there is none.
bool take_quoted(std::string_view& line, char quote, std::string& word) {
  while (!line.empty() && line.front() != quote) {
    const bool escape = quote == '"' && line.size() > 1 && line.front() == '\\' &&
                        std::string_view("\"\\$`").find(line[1]) != std::string_view::npos;
    if (escape) line.remove_prefix(1);
    word += line.front();
    line.remove_prefix(1);
  }
  if (line.empty()) return false;
  line.remove_prefix(1);
  return true;
}

// Takes a word off the line, which begins with it. False if it does not end.
bool take_word(std::string_view& line, std::string& word) {
  while (!line.empty() && std::string_view(" \t\n").find(line.front()) == std::string_view::npos) {
    const char c = line.front();
    line.remove_prefix(1);
    if (c == '\'' || c == '"') {
      if (!take_quoted(line, c, word)) return false;
    } else if (c == '\\') {
      if (line.empty()) return false;
      word += line.front();
      line.remove_prefix(1);
    } else {
      word += c;
    }
  }
  return true;
}

}  // namespace

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@+%";
  // zsh replaces a word that begins with '='.
  const bool plain = !word.empty() && word.front() != '=' &&
                     word.find_first_not_of(kPlain) == std::string_view::npos;
  if (plain) return std::string(word);
  std::string text(1, '\'');
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + '\'';
}

std::optional<std::vector<std::string>> shell_words(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    const auto begin = line.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    if (!take_word(line, words.emplace_back())) return std::nullopt;
  }
}

}  // namespace assay
