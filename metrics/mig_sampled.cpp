// SPDX-License-Identifier: Apache-2.0
#include "metrics/mig_sampled.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "metrics/inputs.h"
#include "metrics/linalg.h"
#include "metrics/mig.h"

namespace assay {
namespace {

constexpr std::string_view kName = "mig_sampled";
constexpr double kLargestLogvar = 600.0;
// Samples of one thread's block, and images it is compared with at once: 80 KiB a code.
constexpr std::int64_t kSamplesAtOnce = 8;
constexpr std::int64_t kImagesAtOnce = 1024;

// What of the posteriors all blocks read, an image's numbers side by side for each code: [L,N].
struct Posteriors {
  at::Tensor mu, minus_half_precision, half_logvar;

  // log q(z|x_n) without −½ log 2π of z [B,L,1]: [B,L,R], of the images begin…end.
  at::Tensor log_densities(const at::Tensor& z, std::int64_t begin, std::int64_t end) const {
    const auto part = [&](const at::Tensor& all) { return all.slice(1, begin, end); };
    return (z - part(mu)).square_().mul_(part(minus_half_precision)).sub_(part(half_logvar));
  }
};

Posteriors posteriors_of(const PosteriorSamples& samples) {
  const auto logvar = samples.logvar.t().contiguous();
  return {samples.codes.values.t().contiguous(), -0.5 * (-logvar).exp(), 0.5 * logvar};
}

// Share of the images that have each one's value of each factor, [N,F].
at::Tensor shares_of_values(const CheckedCodes& codes) {
  std::vector<at::Tensor> shares;
  const auto rows = static_cast<double>(codes.factors.size(0));
  for (std::int64_t factor = 0; factor < codes.factors.size(1); ++factor) {
    const auto values = codes.factors.select(1, factor);
    shares.push_back(values.bincount().to(at::kDouble).index_select(0, values) / rows);
  }
  return at::stack(shares, 1);
}

// The terms of the samples begin…end. Plain sums do: within ±600 no density leaves the range of
// f64, and the sample's own image is in all of them.
at::Tensor terms_of_block(const PosteriorSamples& samples, const Posteriors& posteriors,
                          std::int64_t begin, std::int64_t end) {
  const auto rows = samples.rows.slice(0, begin, end);
  const auto z = samples.z.slice(0, begin, end).unsqueeze(2);
  const auto own_values = samples.codes.factors.index_select(0, rows).unsqueeze(1);
  const std::int64_t factors = own_values.size(2), images = samples.codes.values.size(0);
  auto sums = at::zeros({end - begin, z.size(1), factors + 1}, at::kDouble);
  for (std::int64_t first = 0; first < images; first += kImagesAtOnce) {
    const auto last = std::min(first + kImagesAtOnce, images);
    const auto values = samples.codes.factors.slice(0, first, last).unsqueeze(0);
    // [B,R,F+1]: who shares each factor's value, and everyone.
    const auto members =
        at::constant_pad_nd(values.eq(own_values).to(at::kDouble), {0, 1}, 1.0).contiguous();
    sums.baddbmm_(posteriors.log_densities(z, first, last).exp_(), members);
  }
  return (sums.slice(2, 0, factors) / sums.slice(2, factors)).log();
}

at::Tensor checked_logvar(const MetricInputs& inputs, const CheckedCodes& codes) {
  const auto logvar =
      checked_rows(inputs.disentanglement.logvar, {kName, "posterior log-variance"});
  if (logvar.sizes() != codes.values.sizes()) {
    throw Error(
        fmt::format("{}: the codes are {}, their log-variances {}; each posterior mean "
                    "needs its own",
                    kName, c10::str(codes.values.sizes()), c10::str(logvar.sizes())));
  }
  const auto extreme = logvar.abs().amax(1);
  if (extreme.max().item<double>() > kLargestLogvar) {
    const auto row = extreme.argmax().item<std::int64_t>();
    throw Error(
        fmt::format("{}: row {} has a log-variance of {} beyond ±{}, whose density is no number; "
                    "give logarithms of variances",
                    kName, row, logvar[row].abs().max().item<double>(), kLargestLogvar));
  }
  return logvar;
}

PosteriorSamples draw(CheckedCodes codes, const at::Tensor& logvar, std::int64_t count,
                      std::uint64_t seed) {
  RandomStream random(stream_seed(seed, kName));
  auto order = random.permutation(codes.values.size(0));
  order.resize(static_cast<std::size_t>(std::min(count, codes.values.size(0))));
  const auto rows = at::tensor(order, at::kLong);
  auto z = at::empty({rows.size(0), codes.values.size(1)}, at::kDouble);
  std::generate_n(z.mutable_data_ptr<double>(), z.numel(), [&] { return random.normal(); });
  z.mul_((0.5 * logvar.index_select(0, rows)).exp()).add_(codes.values.index_select(0, rows));
  return {std::move(codes), logvar, rows, z};
}

// H(v_f) in nats, [F], of the values as often as they occur.
at::Tensor entropies_of(const CheckedCodes& codes) {
  return -shares_of_values(codes).log().mean(0);
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

at::Tensor information_terms(const PosteriorSamples& samples) {
  const auto count = samples.z.size(0);
  auto terms =
      at::empty({count, samples.codes.values.size(1), samples.codes.factors.size(1)}, at::kDouble);
  const Posteriors posteriors = posteriors_of(samples);
  for_each_parallel((count + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](std::int64_t block) {
    const auto begin = block * kSamplesAtOnce, end = std::min(begin + kSamplesAtOnce, count);
    terms.slice(0, begin, end).copy_(terms_of_block(samples, posteriors, begin, end));
  });
  const auto shares = shares_of_values(samples.codes).index_select(0, samples.rows);
  return terms.sub_(shares.log().unsqueeze(1));
}

Mean sampled_mig(const PosteriorSamples& samples) {
  Mean gap;
  const auto terms = information_terms(samples);
  run_serial([&] { gap = gap_of(terms, entropies_of(samples.codes)); });
  return gap;
}

MetricValue compute_mig_sampled(const MetricInputs& inputs) {
  CheckedCodes codes = checked_codes(inputs, kName);
  const auto logvar = checked_logvar(inputs, codes);
  const auto seed = whole_option(inputs, "mig_sampled.seed");
  const auto samples = draw(std::move(codes), logvar, whole_option(inputs, "mig_sampled.samples"),
                            static_cast<std::uint64_t>(seed));
  const Mean gap = sampled_mig(samples);
  auto protocol = codes_protocol(inputs, kName, "samples of q(z|x) under the aggregate posterior",
                                 samples.codes.values.size(0));
  protocol["samples"] = std::to_string(samples.z.size(0));
  protocol["seed"] = std::to_string(seed);
  return {std::string(kName), gap.value, gap.standard_error, protocol};
}

}  // namespace assay
