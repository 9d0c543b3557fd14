// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "metrics/extractors/extractor.h"

namespace assay {

/// What a frame of `padding` pixels about each image [N,C,H,W] holds. Throws Error if that is
/// nothing.
at::Tensor within_frame(const at::Tensor& images, std::int64_t padding);

/// An extractor that sees what a frame of `padding` pixels about each image holds: of padded images
/// it gives the features, and states the protocol, of those without their frame. Returns
/// `extractor` itself if padding is 0.
std::unique_ptr<Extractor> within_frame(std::unique_ptr<Extractor> extractor, std::int64_t padding);

}  // namespace assay
