// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "core/events.h"
#include "data/dataset.h"

namespace assay {

/// A picture [C,H,W] u8 as what a run keeps.
Artifact picture_artifact(const std::string& kind, const at::Tensor& picture);

/// "samples": images u8 in a square grid, or points over the data set's modes. Nothing of nothing
/// (undefined).
std::optional<Artifact> samples_picture(const at::Tensor& examples, const Dataset& dataset);

/// "reconstructions": rows of originals above rows of what became of them, u8, as many as make a
/// picture of about `grid` images. Nothing if there are too few for one row.
std::optional<Artifact> reconstructions_picture(const at::Tensor& originals,
                                                const at::Tensor& reconstructions,
                                                std::int64_t grid);

}  // namespace assay
