// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/noisy_classifier.h"

#include <ATen/ATen.h>

#include "families/diffusion/composition.h"
#include "families/labels.h"
#include "families/network.h"
#include "families/refuse.h"
#include "nn/blocks/noisy_image_classifier.h"
#include "nn/blocks/time_mlp.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// log p(y|x_t), [N], of class logits [N,K].
torch::Tensor log_share(const torch::Tensor& logits, const torch::Tensor& labels) {
  return (logits.log_softmax(1) * assay::one_hot(labels, logits.size(1))).sum(1);
}

}  // namespace

NoisyClassifier::Network NoisyClassifier::network(const ModelArgs& args) {
  refuse_if(args.classes < 2, args.definition,
            "model.classifier = true needs labels of two classes or more, which the data set does "
            "not have");
  Network network;
  if (has_unet(args.definition)) {
    auto options = unet_options(args);
    options.classes = args.classes;
    const NoisyImageClassifier classifier(options);
    network = {classifier.ptr(), [classifier](const torch::Tensor& input, const torch::Tensor& t) {
                 return classifier.ptr()->forward(input, t);
               }};
  } else {
    auto options = mlp_options(args);
    options.classes = 0;
    options.outputs = args.classes;
    const TimeMlp classifier(options);
    network = {classifier.ptr(), [classifier](const torch::Tensor& input, const torch::Tensor& t) {
                 return classifier.ptr()->forward(input, t);
               }};
  }
  network.module->to(args.device);
  return network;
}

NoisyClassifier::NoisyClassifier(const ModelArgs& args)
    : network_(network(args)), optimizer_(*network_.module, optimizer_options(args.definition)) {}

torch::Tensor NoisyClassifier::log_probability(const torch::Tensor& input,
                                               const torch::Tensor& time,
                                               const torch::Tensor& labels) const {
  return log_share(network_.logits(input, time), labels);
}

void NoisyClassifier::train(const torch::Tensor& input, const torch::Tensor& time,
                            const torch::Tensor& labels, const StepContext& context,
                            std::vector<LossTerm>& terms) {
  optimizer_.zero_grad();
  const auto logits = network_.logits(input, time);
  const auto loss = -log_share(logits, labels).mean();
  backward(loss);
  optimizer_.step(context);
  terms.push_back({"classifier_loss", loss.detach()});
  terms.push_back(
      {"classifier_accuracy", (logits.argmax(1) == labels).to(at::kFloat).mean().detach()});
}

void NoisyClassifier::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "classifier", *network_.module);
  optimizer_.visit_state(visitor, "classifier_optimizer");
}

}  // namespace assay
