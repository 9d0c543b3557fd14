// SPDX-License-Identifier: Apache-2.0
#include "families/vae/total_correlation.h"

#include <ATen/ATen.h>

#include <cmath>

#include "families/vae/posterior.h"

namespace assay {

torch::Tensor log_batch_weights(std::int64_t batch_size, std::int64_t data_size,
                                AggregateEstimator estimator, const torch::TensorOptions& options) {
  TORCH_CHECK(batch_size >= 2 && batch_size <= data_size, "a batch of ", batch_size,
              " cannot stand for ", data_size, " images");
  const auto data = static_cast<double>(data_size);
  if (estimator == AggregateEstimator::kWeighted) {
    return at::full({batch_size, batch_size}, -std::log(static_cast<double>(batch_size) * data),
                    options);
  }
  const auto others = static_cast<double>(batch_size - 1);
  auto weights = at::full({batch_size, batch_size}, 1.0 / others, options);
  const auto rows = at::arange(batch_size, options.dtype(at::kLong));
  weights.diagonal().fill_(1.0 / data);
  weights.index_put_({rows, (rows + 1).remainder(batch_size)},
                     at::full({}, (data - others) / (data * others), options));
  return weights.log();
}

KlParts kl_parts(const torch::Tensor& z, const torch::Tensor& mu, const torch::Tensor& logvar,
                 std::int64_t data_size, AggregateEstimator estimator) {
  TORCH_CHECK(z.sizes() == mu.sizes() && z.sizes() == logvar.sizes(), "codes ", z.sizes(),
              " do not match posteriors ", mu.sizes(), ", ", logvar.sizes());
  // [i,j,l]: log q(z_i,l | x_j).
  const auto log_q = log_normal(z.unsqueeze(1), mu.unsqueeze(0), logvar.unsqueeze(0));
  const auto weights =
      log_batch_weights(z.size(0), data_size, estimator, log_q.options().requires_grad(false));
  const auto log_joint = at::logsumexp(weights + log_q.sum(2), 1);
  const auto log_product = at::logsumexp(weights.unsqueeze(2) + log_q, 1).sum(1);
  const auto log_conditional = log_normal(z, mu, logvar).sum(1);
  const auto log_prior = log_normal(z, at::zeros_like(z), at::zeros_like(z)).sum(1);
  return {(log_conditional - log_joint).mean(), (log_joint - log_product).mean(),
          (log_product - log_prior).mean()};
}

}  // namespace assay
