// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/metric.h"

namespace assay {

struct InceptionScore {
  double mean = 0.0;
  double standard_deviation = 0.0;  ///< over the splits, ÷S, as papers print it
  double standard_error = 0.0;
};

enum class Splits {
  kEven,    ///< [i·N/S, (i+1)·N/S)
  kChunked  ///< ⌈N/S⌉ rows each, the last what is left: torch.chunk's, torchmetrics'
};

/// The Inception Score's form (Salimans et al. 2016) with any classifier:
///   exp( mean_x KL(p(y|x) ‖ p(y)) ),   p(y) = mean_x p(y|x),
/// taken on each of `splits` contiguous parts and averaged. Softmax
/// in f64, natural logarithm. Comparable only under the same classifier, N and S. Standard error:
/// sd/√S over the splits; for one split the delta method, score · sd(KL)/√N.
/// logits: [N,K] f64; 1 ≤ splits ≤ N/2.
InceptionScore inception_score(const at::Tensor& logits, std::int64_t splits,
                               Splits parts = Splits::kEven);

/// Whether the splits differ by more than those of shuffled rows would, so that the score is one of
/// the order of the rows (sorted by class, it is far too low). With p̄_s the mean of p(y|x) over
/// split s of n_s rows, T = Σ_s n_s ‖p̄_s − p̄‖² over the variance Σ_x ‖p(y|x) − p̄‖² / (N−1) is S−1
/// in expectation for rows in random order and, at its most spread (all variance along one
/// direction), χ² of S−1 degrees: true beyond that one's quantile at 4.5 deviations (one in
/// 300,000; Wilson & Hilferty 1931). Never for one split. logits as above.
bool splits_follow_order(const at::Tensor& logits, std::int64_t splits);

/// The same of an evaluation's rows, options and peer.
bool inception_score_follows_order(const MetricInputs& inputs);

MetricValue compute_inception_score(const MetricInputs& inputs);

}  // namespace assay
