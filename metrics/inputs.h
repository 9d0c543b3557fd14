// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

#include "core/random.h"
#include "metrics/metric.h"

namespace assay {

/// What a check's message says: the metric that was asked for and which input is at fault.
struct InputName {
  std::string_view metric;  ///< "fd"
  std::string_view input;   ///< "generated", "reference", …
};

/// [N,D] floating-point rows as contiguous f64 on the CPU. Throws Error naming metric and input if
/// they are absent, no matrix, fewer than two, or hold a non-finite value (with its row).
at::Tensor checked_rows(const at::Tensor& rows, const InputName& name);
/// The same for one number per example, [N].
at::Tensor checked_values(const at::Tensor& values, const InputName& name);

/// Both feature sets of the inputs, checked, with the same D.
struct FeaturePair {
  at::Tensor generated, reference;
};
FeaturePair checked_features(const MetricInputs& inputs, std::string_view metric);
/// The same without a copy: f32 where both sets are, else f64.
FeaturePair stored_features(const MetricInputs& inputs, std::string_view metric);

/// Mean of [N] f64 values and its standard error sd/√N (sd with N−1).
struct Mean {
  double value = 0.0;
  double standard_error = 0.0;
};
Mean mean_of(const at::Tensor& values);

/// `most` rows drawn without replacement; where there are no more, all in their order and no draw.
at::Tensor drawn_rows(const at::Tensor& rows, std::int64_t most, RandomStream& random);

/// √(p(1−p)/n), the standard error of a share p of n independent cases.
double binomial_standard_error(double share, std::int64_t n);

/// The value of an option ("kid.subsets") that was asked for, or its fallback in the registry.
/// Throws Error if it lies outside of the option's range, std::logic_error if there is no such
/// option.
double option(const MetricInputs& inputs, std::string_view key);
/// The same for a whole number; throws Error if it is none.
std::int64_t whole_option(const MetricInputs& inputs, std::string_view key);

/// How a metric came by its score: what it adds to the protocol of its evaluation.
struct Scoring {
  std::string_view metric;       ///< "fd"
  std::string estimator;         ///< "covariance/(n-1), f64"
  std::int64_t n_generated = 0;  ///< rows of each side that were scored; 0: it has no such side
  std::int64_t n_real = 0;
  Protocol settings = {};  ///< "seed", "k", …
};

/// What a metric returns: its value under inputs.protocol with all of `scoring` added.
MetricValue scored(const MetricInputs& inputs, const Mean& value, const Scoring& scoring);

}  // namespace assay
