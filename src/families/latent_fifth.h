// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>

#include "config/schema.h"

namespace assay {

/// sampler.latent_fifth, of families whose samples are decoded from latents: samples come from the
/// k-th fifth of latents by ‖z‖, 1 the nearest to the origin and 5 the farthest; 0: from all.
Key latent_fifth_key();

/// `count` latents [count,Z], drawn one after another.
using DrawLatents =
    std::function<torch::Tensor(std::int64_t count, const torch::Generator& generator)>;

/// The first `count` of the latents that `draw` gives whose norm lies in that fifth, so that the
/// first n are the same however many follow; 0: the first `count` of all. The fifths' borders are
/// quantiles of 5,000 latents of a generator of their own. Throws Error where latents do not differ
/// in norm.
torch::Tensor draw_in_fifth(std::int64_t fifth, std::int64_t count,
                            const torch::Generator& generator, const DrawLatents& draw);

}  // namespace assay
