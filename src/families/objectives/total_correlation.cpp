// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/total_correlation.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>

#include "config/choices.h"
#include "families/objectives/kl_weight.h"
#include "families/objectives/posterior.h"
#include "families/refuse.h"

namespace assay {
namespace {

const Choices<std::optional<AggregateEstimator>> kKlParts = {
    {"none", std::nullopt},
    {"weighted", AggregateEstimator::kWeighted},
    {"stratified", AggregateEstimator::kStratified}};

class WeightedParts : public LatentTerm {
 public:
  explicit WeightedParts(const LatentTermArgs& args)
      : weight_(args.definition),
        estimator_(kKlParts.of(args.definition, "objective.kl_parts").value()),
        data_size_(args.data_size),
        mutual_information_(args.definition.number("objective.mutual_information_weight")),
        total_correlation_(args.definition.number("objective.total_correlation_weight")),
        dimension_wise_(args.definition.number("objective.dimension_wise_kl_weight")) {
    refuse_if(args.definition.integer("train.batch_size") > data_size_, args.definition,
              "objective.kl_parts needs train.batch_size of at most the training images");
  }

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms) override {
    const auto& [mu, logvar] = view.posterior;
    const auto parts = kl_parts(view.z, mu, logvar, data_size_, estimator_);
    terms.push_back({"mutual_information_nats", parts.mutual_information.detach()});
    terms.push_back({"total_correlation_nats", parts.total_correlation.detach()});
    terms.push_back({"dimension_wise_kl_nats", parts.dimension_wise_kl.detach()});
    return weight_.at(view.context) * (mutual_information_ * parts.mutual_information +
                                       total_correlation_ * parts.total_correlation +
                                       dimension_wise_ * parts.dimension_wise_kl);
  }

 private:
  KlWeight weight_;
  AggregateEstimator estimator_;
  std::int64_t data_size_;
  double mutual_information_, total_correlation_, dimension_wise_;
};

Schema keys() {
  return {
      {.path = "objective.kl_parts",
       .default_value = std::string("none"),
       .meaning =
           "estimator that splits the KL term into mutual information, total correlation and "
           "dimension-wise KL (Chen et al. 2018)",
       .choices = kKlParts.names()},
      {.path = "objective.mutual_information_weight",
       .default_value = 1.0,
       .meaning = "kl_parts: weight of the mutual information, besides beta",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.kl_parts"}}},
      {.path = "objective.total_correlation_weight",
       .default_value = 1.0,
       .meaning = "kl_parts: weight of the total correlation, besides beta; beta-TCVAE's beta",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.kl_parts"}}},
      {.path = "objective.dimension_wise_kl_weight",
       .default_value = 1.0,
       .meaning = "kl_parts: weight of the dimension-wise KL, besides beta",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.kl_parts"}}},
  };
}

}  // namespace

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

LatentTermSource kl_parts_term() {
  return {.paper = "Chen et al. 2018, Isolating Sources of Disentanglement in VAEs",
          .key = "objective.kl_parts",
          .keys = keys,
          .make = [](const LatentTermArgs& args) -> std::unique_ptr<LatentTerm> {
            return std::make_unique<WeightedParts>(args);
          }};
}

}  // namespace assay
