// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/noise_psnr.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/images/psnr.h"

namespace assay {

MetricValue compute_noise_psnr(const MetricInputs& inputs) {
  MetricInputs pairs = inputs;
  pairs.reconstructions = inputs.noisy_reconstructions;
  MetricValue value = compute_psnr(pairs);
  value.name = "noise_psnr";
  value.protocol = protocol_of(inputs, "noise_psnr",
                               "mean over images of dB, u8, peak 255, of corrupted originals");
  value.protocol["n_real"] = std::to_string(inputs.originals.size(0));
  return value;
}

}  // namespace assay
