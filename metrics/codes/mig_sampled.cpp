// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/mig_sampled.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/random.h"
#include "metrics/codes/codes.h"
#include "metrics/codes/mig.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kName = "mig_sampled";
// Samples of one thread's block, and images it is compared with at once: 80 KiB a code.
constexpr std::int64_t kSamplesAtOnce = 8;
constexpr std::int64_t kImagesAtOnce = 1024;

// Share of the images that have each one's value of each factor, [N,F].
at::Tensor shares_of_values(const at::Tensor& factors) {
  std::vector<at::Tensor> shares;
  const auto rows = static_cast<double>(factors.size(0));
  for (std::int64_t factor = 0; factor < factors.size(1); ++factor) {
    const auto values = factors.select(1, factor);
    shares.push_back(values.bincount().to(at::kDouble).index_select(0, values) / rows);
  }
  return at::stack(shares, 1);
}

// The terms of the samples begin…end. Plain sums do: within ±600 no density leaves the range of
// f64, and the sample's own image is in all of them.
at::Tensor terms_of_block(const PosteriorSamples& samples, const at::Tensor& factors,
                          const PosteriorDensities& densities, std::int64_t begin,
                          std::int64_t end) {
  const auto rows = samples.rows.slice(0, begin, end);
  const auto z = samples.z.slice(0, begin, end).unsqueeze(2);
  const auto own_values = factors.index_select(0, rows).unsqueeze(1);
  auto sums = at::zeros({end - begin, z.size(1), factors.size(1) + 1}, at::kDouble);
  for (std::int64_t first = 0; first < densities.images(); first += kImagesAtOnce) {
    const auto last = std::min(first + kImagesAtOnce, densities.images());
    const auto values = factors.slice(0, first, last).unsqueeze(0);
    // [B,R,F+1]: who shares each factor's value, and everyone.
    const auto members =
        at::constant_pad_nd(values.eq(own_values).to(at::kDouble), {0, 1}, 1.0).contiguous();
    sums.baddbmm_(densities.log_densities(z, first, last).exp_(), members);
  }
  return (sums.slice(2, 0, factors.size(1)) / sums.slice(2, factors.size(1))).log();
}

// H(v_f) in nats, [F], of the values as often as they occur.
at::Tensor entropies_of(const at::Tensor& factors) {
  return -shares_of_values(factors).log().mean(0);
}

// The gap, as a mean over samples.
Mean gap_of(const at::Tensor& terms, const at::Tensor& entropies) {
  const auto information = terms.mean(0).clamp_min(0.0);  // [L,F], as the authors do
  const auto top = std::get<1>(information.topk(2, 0));   // [2,F]
  const auto kept = terms * information.gt(0.0);
  const auto of = [&](std::int64_t place) {
    const auto index = top[place].view({1, 1, -1}).expand({terms.size(0), 1, -1});
    return kept.gather(1, index).squeeze(1);
  };
  return {mig({information, entropies}),
          mean_of(((of(0) - of(1)) / entropies).mean(1)).standard_error};
}

}  // namespace

at::Tensor information_terms(const PosteriorSamples& samples, const at::Tensor& factors) {
  const auto count = samples.z.size(0);
  auto terms = at::empty({count, samples.z.size(1), factors.size(1)}, at::kDouble);
  const PosteriorDensities densities(samples.posteriors);
  for_each_parallel((count + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](std::int64_t block) {
    const auto begin = block * kSamplesAtOnce, end = std::min(begin + kSamplesAtOnce, count);
    terms.slice(0, begin, end).copy_(terms_of_block(samples, factors, densities, begin, end));
  });
  return terms.sub_(shares_of_values(factors).index_select(0, samples.rows).log().unsqueeze(1));
}

Mean sampled_mig(const PosteriorSamples& samples, const at::Tensor& factors) {
  Mean gap;
  const auto terms = information_terms(samples, factors);
  run_serial([&] { gap = gap_of(terms, entropies_of(factors)); });
  return gap;
}

MetricValue compute_mig_sampled(const MetricInputs& inputs) {
  const CheckedCodes codes = checked_codes(inputs, kName);
  const auto seed = whole_option(inputs, "mig_sampled.seed");
  const auto samples = draw_posterior_samples(checked_posteriors(inputs, kName),
                                              whole_option(inputs, "mig_sampled.samples"),
                                              stream_seed(static_cast<std::uint64_t>(seed), kName));
  const Mean gap = sampled_mig(samples, codes.factors);
  return scored(inputs, gap,
                {.metric = kName,
                 .estimator = "samples of q(z|x) under the aggregate posterior",
                 .n_real = codes.values.size(0),
                 .settings = {{"samples", std::to_string(samples.z.size(0))},
                              {"seed", std::to_string(seed)}}});
}

}  // namespace assay
