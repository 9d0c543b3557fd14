// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/reconstruction.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"

namespace assay {

at::Tensor squared_errors(const at::Tensor& originals, const at::Tensor& reconstructions) {
  TORCH_CHECK(originals.dim() == 4 && originals.sizes() == reconstructions.sizes() &&
                  originals.scalar_type() == at::kByte &&
                  reconstructions.scalar_type() == at::kByte,
              "squared_errors: needs two [N,C,H,W] u8, not ", originals.sizes(), " and ",
              reconstructions.sizes());
  // Squared differences of bytes are at most 255², and an image's sum fits 64 bits: exact.
  const auto difference = originals.to(at::kInt) - reconstructions.to(at::kInt);
  const auto sums = difference.square().flatten(1).sum(1, false, at::kLong);
  const auto pixels = static_cast<double>(originals[0].numel());
  return sums.to(at::kDouble) / (255.0 * 255.0 * pixels);
}

void check_reconstructions(const MetricInputs& inputs, std::string_view metric) {
  const auto& originals = inputs.images.originals;
  const auto& reconstructions = inputs.images.reconstructions;
  if (!originals.defined() || !reconstructions.defined()) {
    throw Error(fmt::format("{}: there are no reconstructions; this model makes none", metric));
  }
  if (originals.dim() != 4 || originals.size(0) < 2 ||
      originals.sizes() != reconstructions.sizes()) {
    throw Error(
        fmt::format("{}: originals {} and reconstructions {} are no pairs of at least two images",
                    metric, c10::str(originals.sizes()), c10::str(reconstructions.sizes())));
  }
}

Mean reconstruction_mse(const at::Tensor& originals, const at::Tensor& reconstructions) {
  return mean_of(squared_errors(originals, reconstructions));
}

MetricValue compute_reconstruction_mse(const MetricInputs& inputs) {
  check_reconstructions(inputs, "reconstruction_mse");
  const Mean error = reconstruction_mse(inputs.images.originals, inputs.images.reconstructions);
  return scored(inputs, error,
                {.metric = "reconstruction_mse",
                 .estimator = "per pixel and channel, u8/255",
                 .n_real = inputs.images.originals.size(0)});
}

}  // namespace assay
