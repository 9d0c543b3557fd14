// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "families/objectives/posterior.h"
#include "families/trainable.h"

namespace assay {

/// What a term of the objective sees of a step's codes.
struct LatentView {
  const Posterior& posterior;  ///< q(z|x) of the batch's images
  torch::Tensor z;             ///< [N,Z], a code of each
  torch::Tensor kl;  ///< KL(q(z|x) ‖ p(z)) in nats of every draw; undefined for a penalty
  const StepContext& context;
};

/// What a model of codes minimises beside −log p(x|z), or a part of it.
class LatentTerm {
 public:
  virtual ~LatentTerm() = default;
  /// Weighted, 0-dim, with a graph to the encoder. Appends what is worth logging to `terms`,
  /// without weights.
  virtual torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms) = 0;
  /// The step of a term that learns, after the network's. z: [N,Z] of value(), without a graph.
  virtual void learn(const torch::Tensor& /*z*/, const StepContext& /*context*/,
                     std::vector<LossTerm>& /*terms*/) {}
  virtual void visit_state(StateVisitor& /*visitor*/) {}
};

struct LatentTermArgs {
  const Definition& definition;
  std::int64_t latent_dim = 0;
  std::int64_t data_size = 0;  ///< training images
  torch::Device device = torch::kCPU;
};

/// An entry of the tables below.
struct LatentTermSource {
  std::string_view paper;
  std::string_view key;  ///< what switches it on: a weight above 0, or a text that is not "none"
  Schema (*keys)();      ///< that one among them
  /// Throws Error for what does not fit the data.
  std::unique_ptr<LatentTerm> (*make)(const LatentTermArgs& args);
  bool of_aggregate = true;  ///< estimates q(z) from the batch, of two images at least

  bool asked_for(const Definition& definition) const;
};

/// The forms of the KL term beside the plain one, of which a definition takes one at most.
const std::vector<LatentTermSource>& kl_terms();

/// The penalties on q(z); they add up. A further one is a page like the others', and a line in
/// latent_term.cpp.
const std::vector<LatentTermSource>& latent_penalties();

/// The keys of both tables, in that order.
Schema latent_term_keys();

/// The one of kl_terms() that is asked for, or the KL term of the ELBO (kl_term.h).
std::unique_ptr<LatentTerm> make_kl_term(const LatentTermArgs& args);

/// The penalties that a definition switches on, together.
class LatentPenalties {
 public:
  explicit LatentPenalties(const LatentTermArgs& args);

  /// Their sum; undefined if there are none.
  torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms);
  void learn(const torch::Tensor& z, const StepContext& context, std::vector<LossTerm>& terms);
  void visit_state(StateVisitor& visitor);

 private:
  std::vector<std::unique_ptr<LatentTerm>> penalties_;
};

}  // namespace assay
