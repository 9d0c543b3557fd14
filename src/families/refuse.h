// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "config/definition.h"
#include "core/error.h"

namespace assay {

/// Throws Error "<definition>: <what>" if the definition's settings clash.
inline void refuse_if(bool clash, const Definition& definition, std::string_view what) {
  if (clash) throw Error(fmt::format("{}: {}", definition.name, what));
}

/// Whether a number that switches something on does so.
inline bool is_on(const Definition& definition, std::string_view path) {
  return definition.number(path) > 0.0;
}

}  // namespace assay
