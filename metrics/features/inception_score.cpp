// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/inception_score.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"
#include "metrics/numerics/numpy_random.h"
#include "metrics/peers.h"

namespace assay {

InceptionScore inception_score(const at::Tensor& logits, std::int64_t splits, Splits parts) {
  TORCH_CHECK(logits.dim() == 2 && splits >= 1 && splits <= logits.size(0) / 2,
              "inception_score: ", splits, " splits of logits ", logits.sizes());
  std::vector<double> scores;
  double one_split_error = 0.0;
  run_serial([&] {
    const auto log_p = logits.to(at::kDouble).log_softmax(1);
    const auto n = log_p.size(0);
    const auto chunk = (n + splits - 1) / splits;
    for (std::int64_t i = 0; i < splits; ++i) {
      const bool even = parts == Splits::kEven;
      const auto begin = even ? i * n / splits : i * chunk;
      const auto end = even ? (i + 1) * n / splits : std::min(n, (i + 1) * chunk);
      if (begin >= end) break;
      const auto part = log_p.slice(0, begin, end);
      const auto p = part.exp();
      // Σ p log p̄ with a class that never occurs: p is 0 there as well, and 0·log 0 counts as 0.
      const auto divergences = (p * part).sum(1) - at::xlogy(p, p.mean(0, true)).sum(1);
      const Mean divergence = mean_of(divergences);
      scores.push_back(std::exp(divergence.value));
      one_split_error = scores.back() * divergence.standard_error;
    }
  });
  const auto values = at::tensor(scores, at::kDouble);
  InceptionScore score{values.mean().item<double>(), values.std(/*unbiased=*/false).item<double>(),
                       one_split_error};
  if (splits > 1) score.standard_error = mean_of(values).standard_error;
  return score;
}

bool splits_follow_order(const at::Tensor& logits, std::int64_t splits) {
  constexpr double kDeviations = 4.5;
  if (splits < 2) return false;
  double between = 0.0, variance = 0.0;
  run_serial([&] {
    const auto p = logits.to(at::kDouble).softmax(1);
    const auto n = p.size(0);
    const auto centre = p.mean(0);
    variance = (p - centre).square().sum().item<double>() / static_cast<double>(n - 1);
    for (std::int64_t i = 0; i < splits; ++i) {
      const auto part = p.slice(0, i * n / splits, (i + 1) * n / splits);
      const auto rows = static_cast<double>(part.size(0));
      between += rows * (part.mean(0) - centre).square().sum().item<double>();
    }
  });
  const auto freedom = static_cast<double>(splits - 1);
  const double spread = 2.0 / (9.0 * freedom);
  const double quantile = freedom * std::pow(1.0 - spread + kDeviations * std::sqrt(spread), 3);
  return between > quantile * variance;
}

namespace {

constexpr std::uint32_t kTorchFidelitySeed = 2020;

// The rows in the order in which a peer splits them.
at::Tensor in_order_of(std::string_view compat, const at::Tensor& logits) {
  const auto n = logits.size(0);
  if (compat == "torch-fidelity") {
    const auto order = NumpyRandomState(kTorchFidelitySeed).permutation(n);
    return logits.index_select(0, at::tensor(order));
  }
  if (compat == "torchmetrics") {  // which draws from the global generator, unseeded
    auto generator = at::detail::createCPUGenerator(0);
    return logits.index_select(0, at::randperm(n, generator));
  }
  return logits;
}

}  // namespace

bool inception_score_follows_order(const MetricInputs& inputs) {
  const auto logits = in_order_of(inputs.compat, inputs.features.logits);
  return splits_follow_order(logits, whole_option(inputs, "inception_score.splits"));
}

MetricValue compute_inception_score(const MetricInputs& inputs) {
  const InputName name{"inception_score", "generated"};
  check_compat(inputs.compat, name.metric);
  const auto logits = in_order_of(inputs.compat, checked_rows(inputs.features.logits, name));
  const std::int64_t splits = whole_option(inputs, "inception_score.splits");
  if (splits > logits.size(0) / 2) {
    throw Error(fmt::format("{}: {} splits of {} {} rows; a split needs two, so ask for 1 to {}",
                            name.metric, splits, logits.size(0), name.input, logits.size(0) / 2));
  }
  const InceptionScore score = inception_score(
      logits, splits, inputs.compat == "torchmetrics" ? Splits::kChunked : Splits::kEven);
  return scored(inputs, {score.mean, score.standard_error},
                {.metric = name.metric,
                 .estimator = inputs.compat.empty() ? "contiguous splits, no shuffle, f64"
                                                    : "shuffled splits, f64",
                 .n_generated = logits.size(0),
                 .settings = {{"splits", std::to_string(splits)}}});
}

}  // namespace assay
