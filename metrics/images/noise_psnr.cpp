// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/noise_psnr.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/images/psnr.h"

namespace assay {

MetricValue compute_noise_psnr(const MetricInputs& inputs) {
  MetricInputs pairs = inputs;
  pairs.images.reconstructions = inputs.images.noisy_reconstructions;
  const MetricValue ratio = compute_psnr(pairs);
  return scored(inputs, {ratio.value, ratio.standard_error},
                {.metric = "noise_psnr",
                 .estimator = "mean over images of dB, u8, peak 255, of corrupted originals",
                 .n_real = inputs.images.originals.size(0)});
}

}  // namespace assay
