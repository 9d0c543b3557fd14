// SPDX-License-Identifier: Apache-2.0
#include "families/vq_vae/vector_quantiser.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>

namespace assay {
namespace {

constexpr double kSmoothing = 1e-5;

}  // namespace

torch::Tensor nearest_code(const torch::Tensor& vectors, const torch::Tensor& codebook) {
  TORCH_CHECK(vectors.dim() == 2 && vectors.size(1) == codebook.size(1), "vectors ",
              vectors.sizes(), " do not fit a codebook ", codebook.sizes());
  // ‖v‖² is the same for all codes.
  const auto distances = codebook.square().sum(1) - 2.0 * at::mm(vectors, codebook.t());
  return distances.argmin(1);
}

torch::Tensor perplexity(const torch::Tensor& indices, std::int64_t codes) {
  const auto count = static_cast<double>(indices.numel());
  const auto share = (at::bincount(indices.flatten(), {}, codes) / count).to(at::kFloat);
  return (-at::xlogy(share, share).sum()).exp();
}

torch::Tensor straight_through(const torch::Tensor& vectors, const torch::Tensor& quantised) {
  return vectors + (quantised - vectors).detach();
}

torch::Tensor commitment_loss(const torch::Tensor& vectors, const torch::Tensor& quantised) {
  return (vectors - quantised.detach()).square().mean();
}

EmaCodebook::EmaCodebook(torch::Tensor codebook, double decay)
    : decay_(decay),
      codebook_(std::move(codebook)),
      counts_(at::zeros({codebook_.size(0)}, codebook_.options())),
      sums_(at::zeros_like(codebook_)),
      steps_(at::zeros({}, codebook_.options().dtype(at::kLong))) {}

void EmaCodebook::update(const torch::Tensor& vectors, const torch::Tensor& indices) {
  const torch::NoGradGuard no_grad;
  const auto codes = codebook_.size(0);
  // A product, not index_add: its sums have one order on every device.
  const auto members = at::one_hot(indices, codes).to(vectors.dtype());
  counts_.mul_(decay_).add_(members.sum(0), 1.0 - decay_);
  sums_.mul_(decay_).add_(at::mm(members.t(), vectors), 1.0 - decay_);
  steps_.add_(1);
  const double share = 1.0 - std::pow(decay_, steps_.item<double>());
  const auto counts = counts_ / share;
  const auto all = counts.sum();
  const auto smoothed =
      (counts + kSmoothing) / (all + static_cast<double>(codes) * kSmoothing) * all;
  codebook_.copy_(sums_ / share / smoothed.unsqueeze(1));
}

void EmaCodebook::visit_state(StateVisitor& visitor) {
  visitor.tensor("codebook.counts", counts_, StateKind::kBuffer);
  visitor.tensor("codebook.sums", sums_, StateKind::kBuffer);
  visitor.tensor("codebook.steps", steps_, StateKind::kBuffer);
}

torch::Tensor position_shares(const torch::Tensor& indices, std::int64_t codes) {
  std::vector<torch::Tensor> counts;
  for (const auto& position : indices.unbind(1)) {
    counts.push_back(at::bincount(position, {}, codes));
  }
  return at::stack(counts).to(at::kDouble) / static_cast<double>(indices.size(0));
}

torch::Tensor sample_positions(const torch::Tensor& shares, std::int64_t count,
                               torch::Generator generator) {
  const auto cumulative = shares.cumsum(1);
  const auto drawn = at::empty({count, shares.size(0)}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto u = at::rand({shares.size(0), 1}, generator, at::kDouble);
    // The last sum may round to just below 1.
    const auto place = at::searchsorted(cumulative, u * cumulative.slice(1, -1),
                                        /*out_int32=*/false, /*right=*/true);
    drawn[i].copy_(place.squeeze(1).clamp_max(shares.size(1) - 1));
  }
  return drawn;
}

}  // namespace assay
