// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace assay {

/// A version 1.0 file with this header dictionary, as NumPy's format document describes it.
inline std::string npy(const std::string& dictionary, const std::string& data) {
  const std::string header = dictionary + "\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         data;
}

}  // namespace assay
