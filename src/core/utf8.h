// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace assay {

/// Length of the UTF-8 sequence at the start of a text that is not empty (Unicode 15, table 3-7: no
/// overlong forms, surrogates, or code points above U+10FFFF), 0 if there is none.
std::size_t utf8_length(std::string_view text);

/// Whether all of it is UTF-8.
bool is_utf8(std::string_view text);

/// JSON text of an nlohmann value. Names of files and what the system says of them may be any
/// bytes; those that are no UTF-8 become U+FFFD, since there is no other strict JSON of them.
template <typename Json>
std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace assay
