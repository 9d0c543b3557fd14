// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/latent_term.h"

#include <ATen/ATen.h>

#include "families/objectives/dip.h"
#include "families/objectives/factor.h"
#include "families/objectives/kl_term.h"
#include "families/objectives/mmd.h"
#include "families/objectives/total_correlation.h"

namespace assay {

const std::vector<LatentTermSource>& kl_terms() {
  static const std::vector<LatentTermSource> list = {free_bits_term(), capacity_term(),
                                                     kl_parts_term()};
  return list;
}

const std::vector<LatentTermSource>& latent_penalties() {
  static const std::vector<LatentTermSource> list = {factor_penalty(), dip_penalty(),
                                                     mmd_penalty()};
  return list;
}

Schema latent_term_keys() {
  Schema schema;
  for (const auto* table : {&kl_terms(), &latent_penalties()}) {
    for (const auto& source : *table) {
      const auto keys = source.keys();
      schema.insert(schema.end(), keys.begin(), keys.end());
    }
  }
  return schema;
}

bool LatentTermSource::asked_for(const Definition& definition) const {
  const Value& value = definition.values.at(std::string(key)).value;
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text != "none" : definition.number(key) > 0.0;
}

std::unique_ptr<LatentTerm> make_kl_term(const LatentTermArgs& args) {
  for (const auto& source : kl_terms()) {
    if (source.asked_for(args.definition)) return source.make(args);
  }
  return make_plain_kl_term(args);
}

LatentPenalties::LatentPenalties(const LatentTermArgs& args) {
  for (const auto& source : latent_penalties()) {
    if (source.asked_for(args.definition)) penalties_.push_back(source.make(args));
  }
}

torch::Tensor LatentPenalties::value(const LatentView& view, std::vector<LossTerm>& terms) {
  torch::Tensor sum;
  for (const auto& penalty : penalties_) {
    const auto summand = penalty->value(view, terms);
    sum = sum.defined() ? sum + summand : summand;
  }
  return sum;
}

void LatentPenalties::learn(const torch::Tensor& z, const StepContext& context,
                            std::vector<LossTerm>& terms) {
  for (const auto& penalty : penalties_) penalty->learn(z, context, terms);
}

void LatentPenalties::visit_state(StateVisitor& visitor) {
  for (const auto& penalty : penalties_) penalty->visit_state(visitor);
}

}  // namespace assay
