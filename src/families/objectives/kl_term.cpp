// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/kl_term.h"

#include <ATen/ATen.h>

#include "families/objectives/kl_weight.h"

namespace assay {
namespace {

class PlainKl : public LatentTerm {
 public:
  explicit PlainKl(const LatentTermArgs& args) : weight_(args.definition) {}

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>&) override {
    return weight_.at(view.context) * view.kl.mean();
  }

 private:
  KlWeight weight_;
};

class FreeBits : public LatentTerm {
 public:
  explicit FreeBits(const LatentTermArgs& args)
      : weight_(args.definition), free_nats_(args.definition.number("objective.free_bits")) {}

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms) override {
    const auto& [mu, logvar] = view.posterior;
    const auto kl = free_bits_kl(kl_per_dimension(mu, logvar), free_nats_);
    terms.push_back({"free_bits_kl_nats", kl.detach()});
    return weight_.at(view.context) * kl;
  }

 private:
  KlWeight weight_;
  double free_nats_;
};

class Capacity : public LatentTerm {
 public:
  explicit Capacity(const LatentTermArgs& args)
      : largest_(args.definition.number("objective.capacity")),
        gamma_(args.definition.number("objective.capacity_gamma")),
        steps_(args.definition.integer("objective.capacity_steps")) {}

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>&) override {
    const double capacity = capacity_at(largest_, view.context.step, steps_);
    return gamma_ * capacity_distance(view.kl.mean(), capacity);
  }

 private:
  double largest_, gamma_;
  std::int64_t steps_;
};

Schema free_bits_keys() {
  return {
      {.path = "objective.free_bits",
       .default_value = 0.0,
       .meaning = "a dimension's mean KL below this costs as much as this (Kingma et al. 2016); 0: "
                  "no free bits",
       .unit = "nats",
       .minimum = 0,
       .maximum = 1e6},
  };
}

Schema capacity_keys() {
  return {
      {.path = "objective.capacity",
       .default_value = 0.0,
       .meaning = "the KL is pulled to a capacity that grows to this (Burgess et al. 2018); 0: no "
                  "capacity",
       .unit = "nats",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.capacity_gamma",
       .default_value = 1000.0,
       .meaning = "weight of |KL - capacity|",
       .minimum = 0,
       .maximum = 1e9,
       .needs = {{"objective.capacity"}}},
      {.path = "objective.capacity_steps",
       .default_value = std::int64_t{100000},
       .meaning = "the capacity is reached after this many steps",
       .unit = "steps",
       .minimum = 1,
       .maximum = 1e12,
       .needs = {{"objective.capacity"}}},
  };
}

template <class Term>
std::unique_ptr<LatentTerm> make(const LatentTermArgs& args) {
  return std::make_unique<Term>(args);
}

}  // namespace

torch::Tensor free_bits_kl(const torch::Tensor& kl, double free_nats) {
  TORCH_CHECK(kl.dim() == 2, "free bits need the KL of each dimension, got ", kl.sizes());
  return kl.mean(0).clamp_min(free_nats).sum();
}

torch::Tensor capacity_distance(const torch::Tensor& kl, double capacity_nats) {
  return (kl - capacity_nats).abs();
}

double capacity_at(double largest, std::int64_t step, std::int64_t steps) {
  if (step >= steps) return largest;
  return largest * static_cast<double>(step) / static_cast<double>(steps);
}

std::unique_ptr<LatentTerm> make_plain_kl_term(const LatentTermArgs& args) {
  return std::make_unique<PlainKl>(args);
}

LatentTermSource free_bits_term() {
  return {.paper =
              "Kingma et al. 2016, Improved Variational Inference with Inverse Autoregressive "
              "Flow",
          .key = "objective.free_bits",
          .keys = free_bits_keys,
          .make = make<FreeBits>,
          .of_aggregate = false};
}

LatentTermSource capacity_term() {
  return {.paper = "Burgess et al. 2018, Understanding Disentangling in beta-VAE",
          .key = "objective.capacity",
          .keys = capacity_keys,
          .make = make<Capacity>,
          .of_aggregate = false};
}

}  // namespace assay
