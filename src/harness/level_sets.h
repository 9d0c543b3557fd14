// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "core/events.h"
#include "families/trainable.h"

namespace assay {

/// Which of `levels` equally wide bands between the smallest and the largest value each lies in,
/// counted from 0: [H,W] f64 -> [H,W] i64. All 0 if the values are equal.
at::Tensor level_bands(const at::Tensor& values, std::int64_t levels);

/// "critic": level sets of a discriminator's logit over the plane (Gulrajani et al. 2017, fig. 2),
/// the lighter the more it takes a place for real, lines between ten bands, and up to 1,000 of the
/// real points in orange; equal axes that hold all real points with a margin. real: [N,2]. Nothing
/// of a model that judges no point on its own, or where a logit is not finite.
std::optional<Artifact> level_sets_picture(Trainable& model, const at::Tensor& real);

}  // namespace assay
