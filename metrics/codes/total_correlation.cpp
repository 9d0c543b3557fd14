// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/total_correlation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/random.h"
#include "metrics/codes/codes.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kName = "total_correlation";
// Samples of one thread's block, and images it is compared with at once: 64 KiB a code.
constexpr std::int64_t kSamplesAtOnce = 8;
constexpr std::int64_t kImagesAtOnce = 1024;

// log Σ exp over the last dimension, part after part.
class LogSum {
 public:
  void add(const at::Tensor& logs) {
    const auto largest = logs.amax(-1);
    if (!sum_.defined()) {
      largest_ = largest;
      sum_ = at::zeros_like(largest);
    }
    const auto now = at::maximum(largest_, largest);
    sum_.mul_((largest_ - now).exp()).add_((logs - now.unsqueeze(-1)).exp_().sum(-1));
    largest_ = now;
  }
  at::Tensor value() const { return largest_ + sum_.log(); }

 private:
  at::Tensor largest_, sum_;
};

at::Tensor terms_of_block(const PosteriorSamples& samples, const PosteriorDensities& densities,
                          std::int64_t begin, std::int64_t end) {
  const auto z = samples.z.slice(0, begin, end).unsqueeze(2);
  LogSum joint, marginal;
  for (std::int64_t first = 0; first < densities.images(); first += kImagesAtOnce) {
    const auto last = std::min(first + kImagesAtOnce, densities.images());
    const auto logs = densities.log_densities(z, first, last);  // [B,L,R]
    joint.add(logs.sum(1));
    marginal.add(logs);
  }
  const double log_n = std::log(static_cast<double>(densities.images()));
  const auto codes = static_cast<double>(z.size(1));
  return joint.value() - marginal.value().sum(1) + (codes - 1.0) * log_n;
}

}  // namespace

at::Tensor total_correlation_terms(const PosteriorSamples& samples) {
  const auto count = samples.z.size(0);
  auto terms = at::empty({count}, at::kDouble);
  const PosteriorDensities densities(samples.posteriors);
  for_each_parallel((count + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](std::int64_t block) {
    const auto begin = block * kSamplesAtOnce, end = std::min(begin + kSamplesAtOnce, count);
    terms.slice(0, begin, end).copy_(terms_of_block(samples, densities, begin, end));
  });
  return terms;
}

MetricValue compute_total_correlation(const MetricInputs& inputs) {
  const auto posteriors = checked_posteriors(inputs, kName);
  const auto seed = whole_option(inputs, "total_correlation.seed");
  const auto samples =
      draw_posterior_samples(posteriors, whole_option(inputs, "total_correlation.samples"),
                             stream_seed(static_cast<std::uint64_t>(seed), kName));
  const Mean mean = mean_of(total_correlation_terms(samples));
  return scored(inputs, mean,
                {.metric = kName,
                 .estimator = "samples of q(z|x) under the aggregate posterior",
                 .n_real = posteriors.mu.size(0),
                 .settings = {{"samples", std::to_string(samples.z.size(0))},
                              {"seed", std::to_string(seed)}}});
}

}  // namespace assay
