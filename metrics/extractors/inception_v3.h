// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <string_view>

#include "metrics/extractors/extractor.h"
#include "nn/files/safetensors.h"

namespace assay {

/// SHA-256 of pt_inception-2015-12-05-6726825d.pth (95,628,359 bytes), from which the weights are
/// converted.
constexpr std::string_view kInceptionV3Sha256 =
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2";

/// [N,C,H,W] u8 -> [N,3,299,299] f32: resized, grey repeated, (x − 128) / 128, or 2·x/255 − 1 with
/// unit_scaling.
at::Tensor inception_input(const at::Tensor& images, ResizeRule resize = ResizeRule::kTf1Bilinear,
                           bool unit_scaling = false);

/// An extractor of these weights (nn/blocks/inception_v3.h), whose file had this SHA-256. Features:
/// the 2048 of FID; logits: the 1008 without bias, which Inception Score is defined by; spatial:
/// the 2023 of sFID.
std::unique_ptr<Extractor> inception_v3_of(const TensorMap& weights, std::string sha256,
                                           const ExtractorOptions& options = {});

/// The published weights, resized by TensorFlow 1's rule unless another is asked for: `fd` under
/// this extractor is FID (Heusel et al. 2017). Throws Error naming the weights file and how to get
/// it if it is absent or another.
std::unique_ptr<Extractor> make_inception_v3(const ExtractorOptions& options);

}  // namespace assay
