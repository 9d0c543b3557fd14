// SPDX-License-Identifier: Apache-2.0
#include "cli/text/shell.h"

#include <algorithm>
#include <fstream>

#include "core/shell_words.h"

namespace assay {

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
