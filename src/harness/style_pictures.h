// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/events.h"
#include "families/trainable.h"

namespace assay {

/// Layers [first, last) of a generator that take a style, innermost first.
struct StyleLayers {
  std::int64_t first = 0, last = 0;
};

/// Coarse, middle and fine ones of `layers`: 4, 4 and the rest (Karras et al. 2019, fig. 3: sides 4
/// to 8, 16 to 32 and more); of fewer than 8, the inner and the outer half.
std::vector<StyleLayers> style_layer_groups(std::int64_t layers);

/// "style_mixing": below six sources B, rows that begin with a source A and go on with what becomes
/// of A where a group of layers takes the style of each B (Karras et al. 2019, fig. 3): three rows
/// for each of style_layer_groups(). The sources are the first nine latents that `generator` gives,
/// A before B, each decoded as decode() does, with the same noise everywhere. `generator`: on the
/// CPU; stays as it is. Nothing of a model without styles.
std::optional<Artifact> style_mixing_picture(GenerativeModel& model,
                                             const at::Generator& generator);

}  // namespace assay
