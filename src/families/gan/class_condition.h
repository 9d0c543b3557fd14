// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "config/schema.h"
#include "families/gan/architecture.h"
#include "families/gan/critic.h"
#include "families/trainable.h"
#include "nn/noise.h"

namespace assay {

/// How a discriminator learns of classes y [N,K], one-hot. Its class head makes scores
/// s = W f + b [N,K] of the features f [N,F] that its last layer sees, or embeds classes:
/// e = W y + b [N,E], where the last layer's output o is [N,E] too.
struct ClassCondition {
  std::string_view paper;
  bool has_bias = true;  ///< b
  bool embeds = false;   ///< e takes the place of s
  /// What the last layer's output, [N,1] or o, becomes: logits [N,1]; nullptr: it stays.
  torch::Tensor (*logits)(const torch::Tensor& logits, const torch::Tensor& scores,
                          const torch::Tensor& y) = nullptr;
  /// What both networks minimise beside the adversarial loss; nullptr: nothing. 0-dim.
  torch::Tensor (*loss)(const torch::Tensor& scores, const torch::Tensor& y) = nullptr;

  bool looks() const { return logits != nullptr || loss != nullptr; }
};

/// All of them, by the names that model.condition takes. A further one is a line here.
const Choices<ClassCondition>& class_conditions();

/// model.condition, model.class_embedding, objective.class_weight and
/// objective.generator_class_weight.
Schema class_condition_keys();

/// Examples, and the class of each as one-hot [N,K]; undefined without a condition.
struct Examples {
  torch::Tensor values, classes;
};

/// ClassCondition::loss of either batch; undefined without one.
struct ClassLosses {
  torch::Tensor real, generated;
};

/// What a GAN knows of classes. Without a condition there are none: count() is 0, tensors of
/// classes are undefined, and losses are left as they are.
class Classes {
 public:
  /// Throws Error for a condition on data without labels.
  explicit Classes(const ModelArgs& args);

  std::int64_t count() const { return count_; }
  /// Of the discriminator's last layer.
  std::int64_t critic_outputs() const { return condition_.embeds ? embedding_ : 1; }
  /// Gives the discriminator, whose last layer is a linear one, its class head.
  void add_head(Sequential& discriminator, const GanShape& shape);
  /// labels: [N] i64.
  torch::Tensor one_hot(const torch::Tensor& labels) const;
  /// Classes of examples to generate: drawn by their shares of the training data, apart from any
  /// batch of it.
  torch::Tensor draw(std::int64_t count, const Noise& noise) const;
  /// The labels of the samples from `begin` up to `end`, i64: the classes in turn.
  torch::Tensor in_turn(std::int64_t begin, std::int64_t end) const;
  /// The generator's input: y behind z.
  torch::Tensor joined(const torch::Tensor& z, const torch::Tensor& y) const;
  Judgement judge(Sequential& discriminator, const Examples& examples, bool with_features);

  ClassLosses losses(const Judgement& real, const Judgement& generated) const;
  /// loss + weight · (class loss of both batches).
  torch::Tensor of_discriminator(const torch::Tensor& loss, const ClassLosses& losses) const;
  torch::Tensor of_generator(const torch::Tensor& loss, const Judgement& generated) const;
  /// Appends the class loss and the accuracy of both batches, where there is a class loss.
  void log(const ClassLosses& losses, const Judgement& real, const Judgement& generated,
           std::vector<LossTerm>& terms) const;

 private:
  const ClassCondition& condition_;
  std::int64_t count_, embedding_;
  double discriminator_weight_, generator_weight_;
  torch::Tensor lower_,
      upper_;  ///< [K]: class k where a number of U[0,1) is in [lower, upper)
  Sequential head_;
};

}  // namespace assay
