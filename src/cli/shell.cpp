// SPDX-License-Identifier: Apache-2.0
#include "cli/shell.h"

#include <algorithm>
#include <fstream>

namespace assay {

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=./,:@%") == std::string::npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string this_command(const std::vector<std::string>& left_out) {
  std::ifstream words("/proc/self/cmdline");
  std::string text = "assay";
  std::string word;
  std::getline(words, word, '\0');
  while (std::getline(words, word, '\0')) {
    if (std::find(left_out.begin(), left_out.end(), word) != left_out.end()) continue;
    text += " " + shell_word(word);
  }
  return text;
}

}  // namespace assay
