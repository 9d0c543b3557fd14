// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/importance_weights.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "metrics/likelihood/dimensions.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

Scoring scoring_of(std::string_view metric, const at::Tensor& log_weights) {
  return {.metric = metric,
          .estimator = "log mean exp of importance weights, f64",
          .n_real = log_weights.size(0),
          .settings = {{"importance_samples", std::to_string(log_weights.size(1))}}};
}

}  // namespace

namespace {

at::Tensor losses_of(const at::Tensor& log_weights) {
  TORCH_CHECK(log_weights.dim() == 2 && log_weights.scalar_type() == at::kDouble,
              "iwae_nll: needs [N,K] f64, not ", log_weights.sizes(), " ",
              log_weights.scalar_type());
  at::Tensor losses;
  run_serial([&] {
    const auto samples = static_cast<double>(log_weights.size(1));
    losses = std::log(samples) - log_weights.logsumexp(1);
  });
  return losses;
}

}  // namespace

Mean iwae_nll(const at::Tensor& log_weights) { return mean_of(losses_of(log_weights)); }

at::Tensor iwae_nll_of_examples(const MetricInputs& inputs) {
  return losses_of(checked_rows(inputs.likelihoods.log_weights, {"iwae_nll", "log-weight"}));
}

MetricValue compute_iwae_nll(const MetricInputs& inputs) {
  const auto weights = checked_rows(inputs.likelihoods.log_weights, {"iwae_nll", "log-weight"});
  return scored(inputs, iwae_nll(weights), scoring_of("iwae_nll", weights));
}

MetricValue compute_bits_per_dim(const MetricInputs& inputs) {
  const auto weights = checked_rows(inputs.likelihoods.log_weights, {"bits_per_dim", "log-weight"});
  const Mean nll = iwae_nll(weights);
  const double nats = nats_of_a_bit_per_dimension(inputs, "bits_per_dim");
  Scoring scoring = scoring_of("bits_per_dim", weights);
  scoring.settings["dimensions"] = std::to_string(inputs.likelihoods.dimensions);
  return scored(inputs, {nll.value / nats, nll.standard_error / nats}, scoring);
}

}  // namespace assay
