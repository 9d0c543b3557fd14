// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// psnr() of clean originals against reconstructions from corrupted ones: how much noise a model
/// takes away (Vincent et al. 2010 train for it). The corruption is part of the protocol, not of
/// the model, so that denoising and plain autoencoders compare. Takes MetricInputs::originals and
/// noisy_reconstructions.
MetricValue compute_noise_psnr(const MetricInputs& inputs);

}  // namespace assay
