// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "config/schema.h"
#include "families/optimizer.h"
#include "families/trainable.h"
#include "nn/noise.h"

namespace assay {

/// What gradient penalties ask of a slope.
struct PenalisedSlope {
  double target = 1.0;
  bool of_logits = true;         ///< of D(x)'s logit, or of its sigmoid
  double dragan_variance = 0.0;  ///< of the noise about examples; 0: as the authors' code has it
};

/// What a penalty sees of the discriminator's step.
struct CriticView {
  /// Of examples [N,…] of given classes (class_condition.h), [N,1].
  std::function<torch::Tensor(const torch::Tensor& x, const torch::Tensor& classes)> logits;
  torch::Tensor real, generated;                 ///< [N,…], without a graph
  const std::vector<torch::Tensor>& parameters;  ///< as an optimizer keeps them
  const Noise& noise;
  torch::Tensor real_classes = {}, generated_classes = {};  ///< [N,K], or undefined
  PenalisedSlope slope = {};
};

/// A term that the discriminator's loss gets beside the adversarial one.
struct CriticPenalty {
  std::string_view paper;
  std::string_view meaning;  ///< of objective.<name>, its weight
  /// 0-dim, with a graph to the discriminator's weights.
  torch::Tensor (*value)(const CriticView& view);
  /// It asks for the slope of each example's own logit, so that nothing in the discriminator may
  /// make that depend on other examples.
  bool takes_examples_alone = true;
  bool of_images = false;  ///< it needs images, not points
  /// But a logit may depend on how much the examples of a group differ (model.minibatch_stddev).
  bool takes_groups = false;
  /// It keeps the discriminator from growing ever steeper.
  bool bounds_slope = true;
  /// It is due at every step and counts once, whatever objective.penalty_interval and
  /// objective.penalty_step say.
  bool every_step = false;
  /// objective.penalty_slope and objective.slope_of are about it.
  bool pulls_slope = false;
};

/// All of them; objective.<name> is a penalty's weight, 0: off. A further one is a function beside
/// the others' in gradient_penalties.cpp, or a page, and a line in critic_penalty.cpp.
const Choices<CriticPenalty>& critic_penalties();

/// The names of those that a definition switches on.
std::vector<std::string> critic_penalties_of(const Definition& definition);

/// What is done to the discriminator's weights after each of its steps.
struct CriticProjection {
  std::string_view paper;
  std::string_view meaning;  ///< of objective.<name>, its bound
  void (*project)(const std::vector<torch::Tensor>& parameters, double bound);
};

/// All of them; objective.<name> is a projection's bound, 0: off.
const Choices<CriticProjection>& critic_projections();

/// Those of them that objective.penalty_interval and objective.penalty_step are about.
std::vector<std::string> lazy_penalties_of(const Definition& definition);

/// The keys of both tables, objective.penalty_interval and objective.penalty_step, and those of
/// slopes.
Schema critic_regulariser_keys();

/// The penalties and projections that a definition switches on.
class CriticRegularisers {
 public:
  explicit CriticRegularisers(const Definition& definition);

  /// A loss and weight · value of each penalty that joins it at this step. With
  /// objective.penalty_interval = k penalties are due at every k-th step and count k times (lazy
  /// regularisation, Karras et al. 2020, sec. 3.1), so that their mean over steps stays; those of
  /// `every_step` are not lazy. Appends weight · value to `terms`, under the penalty's name.
  torch::Tensor joined(torch::Tensor loss, const CriticView& view, std::int64_t step,
                       std::vector<LossTerm>& terms) const;
  /// The sum of those that have an update of their own after it (penalty_step.h), which the
  /// discriminator's options tell of; undefined where none is due.
  torch::Tensor apart(const CriticView& view, std::int64_t step,
                      std::vector<LossTerm>& terms) const;
  /// Steps from one lazy penalty to the next; 1: every one is alike.
  std::int64_t interval() const { return interval_; }
  PenalisedSlope slope() const { return slope_; }
  OptimizerOptions optimizer_options(const Definition& definition) const;
  void project(const std::vector<torch::Tensor>& parameters) const;

 private:
  struct Weighted {
    std::string name;
    const CriticPenalty& penalty;
    double weight;
  };
  struct Bounded {
    const CriticProjection& projection;
    double bound;
  };
  torch::Tensor sum(torch::Tensor loss, const CriticView& view, bool lazy,
                    std::vector<LossTerm>& terms) const;

  std::vector<Weighted> penalties_;
  std::vector<Bounded> projections_;
  PenalisedSlope slope_;
  std::int64_t interval_;
  bool apart_;
};

}  // namespace assay
