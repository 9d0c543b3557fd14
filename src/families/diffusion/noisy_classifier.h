// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "families/optimizer.h"
#include "families/trainable.h"

namespace assay {

/// p(y|x_t) for classifier guidance (Dhariwal & Nichol 2021, sec. 4): a network of its own, the way
/// down of the definition's U-Net or its perceptron, trained beside the denoiser on the same noisy
/// examples, with an optimizer of its own.
class NoisyClassifier {
 public:
  /// Throws Error where the data have no classes.
  explicit NoisyClassifier(const ModelArgs& args);

  /// One step on examples and times as the network is told of them, [N,…] and [N] f32; appends
  /// classifier_loss, the mean cross-entropy in nats, and classifier_accuracy.
  void train(const torch::Tensor& input, const torch::Tensor& time, const torch::Tensor& labels,
             const StepContext& context, std::vector<LossTerm>& terms);
  /// log p(y|x_t) in nats, [N].
  torch::Tensor log_probability(const torch::Tensor& input, const torch::Tensor& time,
                                const torch::Tensor& labels) const;
  void visit_state(StateVisitor& visitor);

 private:
  struct Network {
    std::shared_ptr<torch::nn::Module> module;
    std::function<torch::Tensor(const torch::Tensor& input, const torch::Tensor& time)> logits;
  };
  static Network network(const ModelArgs& args);

  Network network_;
  Optimizer optimizer_;
};

}  // namespace assay
