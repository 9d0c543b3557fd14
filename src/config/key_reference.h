// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "config/schema.h"

namespace assay {

/// One Markdown section: a heading and a table of key, type with range or choices, default, meaning
/// with unit.
std::string key_reference(std::string_view heading, const Schema& schema);

}  // namespace assay
