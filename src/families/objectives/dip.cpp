// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/dip.h"

#include <ATen/ATen.h>

#include "config/choices.h"

namespace assay {
namespace {

enum class Dip { kNone, kI, kII };
const Choices<Dip> kDips = {{"none", Dip::kNone}, {"i", Dip::kI}, {"ii", Dip::kII}};

class DipPenalty : public LatentTerm {
 public:
  explicit DipPenalty(const Definition& definition)
      : dip_(kDips.of(definition, "objective.dip")),
        off_diagonal_(definition.number("objective.dip_off_diagonal")),
        diagonal_(definition.number("objective.dip_diagonal")) {}

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms) override {
    const auto& [mu, logvar] = view.posterior;
    const auto distance = distance_from_identity(
        dip_ == Dip::kI ? mean_covariance(mu) : aggregate_covariance(mu, logvar));
    terms.push_back({"covariance_off_diagonal", distance.off_diagonal.detach()});
    terms.push_back({"covariance_diagonal", distance.diagonal.detach()});
    return off_diagonal_ * distance.off_diagonal + diagonal_ * distance.diagonal;
  }

 private:
  Dip dip_;
  double off_diagonal_, diagonal_;
};

Schema keys() {
  return {
      {.path = "objective.dip",
       .default_value = std::string("none"),
       .meaning = "DIP-VAE: pulls the covariance of the posterior means (i) or of the codes (ii) "
                  "to the identity",
       .choices = kDips.names()},
      {.path = "objective.dip_off_diagonal",
       .default_value = 10.0,
       .meaning = "dip: weight of the squared off-diagonal entries",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.dip"}}},
      {.path = "objective.dip_diagonal",
       .default_value = 100.0,
       .meaning = "dip: weight of the diagonal's squared distance from 1",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.dip"}}},
  };
}

}  // namespace

torch::Tensor mean_covariance(const torch::Tensor& mu) {
  TORCH_CHECK(mu.dim() == 2 && mu.size(0) > 1, "a covariance needs [N,Z] with N > 1, got ",
              mu.sizes());
  const auto centred = mu - mu.mean(0);
  return at::mm(centred.t(), centred) / static_cast<double>(mu.size(0));
}

torch::Tensor aggregate_covariance(const torch::Tensor& mu, const torch::Tensor& logvar) {
  return mean_covariance(mu) + at::diag(logvar.exp().mean(0));
}

IdentityDistance distance_from_identity(const torch::Tensor& covariance) {
  const auto diagonal = covariance.diagonal();
  const auto off = covariance - at::diag(diagonal);
  return {off.square().sum(), (diagonal - 1.0).square().sum()};
}

LatentTermSource dip_penalty() {
  return {.paper = "Kumar et al. 2018, Variational Inference of Disentangled Latent Concepts",
          .key = "objective.dip",
          .keys = keys,
          .make = [](const LatentTermArgs& args) -> std::unique_ptr<LatentTerm> {
            return std::make_unique<DipPenalty>(args.definition);
          }};
}

}  // namespace assay
