// SPDX-License-Identifier: Apache-2.0
#include "core/reason.h"

namespace assay {

std::string without_backtrace(std::string_view what) {
  constexpr std::string_view kPlace = "Exception raised from ";
  const auto place = what.find(kPlace);
  const bool begins_a_line =
      place == 0 || (place != std::string_view::npos && what[place - 1] == '\n');
  if (!begins_a_line) return std::string(what);
  const std::string_view kept = what.substr(0, place);
  const auto last = kept.find_last_not_of(" \n");
  return last == std::string_view::npos ? "an error of LibTorch"
                                        : std::string(kept.substr(0, last + 1));
}

}  // namespace assay
