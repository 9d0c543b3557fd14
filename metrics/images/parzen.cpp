// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/parzen.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "core/error.h"
#include "kernels/product/squared_distances.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kRowsAtOnce = 500, kShareForSigma = 10;
constexpr double kSmallestSigma = 0.1, kLargestSigma = 1.0;

// [N,D] f64 in [0,1].
at::Tensor pixels_of(const at::Tensor& images, std::string_view side) {
  if (!images.defined() || images.dim() != 4 || images.scalar_type() != at::kByte ||
      images.size(0) < 2) {
    throw Error(fmt::format("parzen: the {} images are {}; needs two or more, u8 [N,C,H,W]", side,
                            images.defined() ? c10::str(images.sizes()) : "absent"));
  }
  return images.flatten(1).to(at::kDouble) / 255.0;
}

// [S,M]: under each of S windows. Distances, which are most of the work, are computed once.
at::Tensor log_densities(const at::Tensor& x, const at::Tensor& samples,
                         const std::vector<double>& sigmas) {
  const auto of_samples = samples.to(at::kDouble);
  const auto log_n = std::log(static_cast<double>(samples.size(0)));
  const auto d = static_cast<double>(x.size(1));
  auto densities = at::empty({static_cast<int64_t>(sigmas.size()), x.size(0)}, at::kDouble);
  run_serial([&] {
    for (int64_t i = 0; i < x.size(0); i += kRowsAtOnce) {
      const auto rows = x.slice(0, i, i + kRowsAtOnce).to(at::kDouble);
      const auto squared = squared_distances_by_products(rows, of_samples);
      for (std::size_t s = 0; s < sigmas.size(); ++s) {
        const double sigma = sigmas[s];
        const double constant = log_n + d * std::log(sigma * std::sqrt(2.0 * std::numbers::pi));
        densities[static_cast<int64_t>(s)]
            .slice(0, i, i + kRowsAtOnce)
            .copy_((squared / (-2.0 * sigma * sigma)).logsumexp(1) - constant);
      }
    }
  });
  return densities;
}

double best_sigma(const at::Tensor& validation, const at::Tensor& samples, int64_t tried) {
  std::vector<double> sigmas;
  for (int64_t i = 0; i < tried; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(tried - 1);
    sigmas.push_back(kSmallestSigma * std::pow(kLargestSigma / kSmallestSigma, share));
  }
  const auto densities = log_densities(validation, samples, sigmas);
  double best = kSmallestSigma, highest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    const double value = densities[static_cast<int64_t>(i)].mean().item<double>();
    if (value <= highest) continue;
    highest = value;
    best = sigmas[i];
  }
  return best;
}

}  // namespace

at::Tensor parzen_log_densities(const at::Tensor& x, const at::Tensor& samples, double sigma) {
  TORCH_CHECK(x.dim() == 2 && samples.dim() == 2 && x.size(1) == samples.size(1) && sigma > 0.0,
              "parzen_log_densities: ", x.sizes(), " against ", samples.sizes(), ", sigma ", sigma);
  return log_densities(x, samples, {sigma})[0];
}

MetricValue compute_parzen(const MetricInputs& inputs) {
  const auto samples = pixels_of(inputs.images.generated, "generated");
  const auto reference = pixels_of(inputs.images.reference, "reference");
  const int64_t rows = reference.size(0);
  const int64_t for_sigma = std::max(kParzenValidation, rows / kShareForSigma);
  if (samples.size(1) != reference.size(1) || rows < for_sigma + 2) {
    throw Error(fmt::format(
        "parzen: {} reference images of {} values against samples of {}; needs {} or more of as "
        "many",
        rows, reference.size(1), samples.size(1), for_sigma + 2));
  }
  const int64_t tried = whole_option(inputs, "parzen.sigmas");
  const double sigma = best_sigma(reference.narrow(0, 0, for_sigma), samples, tried);
  const auto densities =
      parzen_log_densities(reference.slice(0, for_sigma), samples, sigma).contiguous();
  return scored(inputs, mean_of(densities),
                {.metric = "parzen",
                 .estimator = "Parzen window on pixels in [0,1], sigma by validation",
                 .n_generated = samples.size(0),
                 .n_real = densities.size(0),
                 .settings = {{"sigmas", std::to_string(tried)},
                              {"n_validation", std::to_string(for_sigma)}}});
}

}  // namespace assay
