// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"
#include "config/schema.h"
#include "config/toml_source.h"

namespace assay {

/// Throws Error for a key that was set to something but has no effect, because another key, set no
/// later than it (in the same layer, a lower one, or not at all), switches it off: a typing error
/// that would otherwise train the plain model in silence. What an extended definition sets is left
/// alone, as are keys that hold their default.
/// `from_layer`: keys of lower layers are left alone too.
void check_effects(const Schema& schema, const SourceTable& values, int from_layer = 1);

/// Whether what a definition holds leaves a key of its schema switched on.
bool has_effect(const Key& key, const Schema& schema, const Definition& definition);

}  // namespace assay
