// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/psnr.h"

#include <ATen/ATen.h>

#include <limits>
#include <string>

#include "metrics/images/reconstruction.h"

namespace assay {

Mean psnr(const at::Tensor& originals, const at::Tensor& reconstructions) {
  const auto errors = squared_errors(originals, reconstructions);  // on the scale 0 to 1
  const auto decibels = -10.0 * errors.log10();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if ((errors == 0.0).any().item<bool>()) {
    return {kInfinity, std::numeric_limits<double>::quiet_NaN()};
  }
  return mean_of(decibels);
}

MetricValue compute_psnr(const MetricInputs& inputs) {
  check_reconstructions(inputs, "psnr");
  const Mean ratio = psnr(inputs.images.originals, inputs.images.reconstructions);
  return scored(inputs, ratio,
                {.metric = "psnr",
                 .estimator = "mean over images of dB, u8, peak 255",
                 .n_real = inputs.images.originals.size(0)});
}

}  // namespace assay
