// SPDX-License-Identifier: Apache-2.0
#include "families/classifier/classifier.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "core/error.h"
#include "families/optimizer.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "nn/blocks/fmnist_cnn.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

FmnistCnn make_network(const ModelArgs& args) {
  const auto& shape = args.example_shape;
  const auto& name = args.definition.name;
  constexpr auto kSize = FmnistCnnImpl::kImageSize;
  if (shape.size() != 3 || shape[1] != kSize || shape[2] != kSize) {
    throw Error(fmt::format("{}: the classifier needs {}x{} images; set dataset.size = {}", name,
                            kSize, kSize, kSize));
  }
  if (args.classes < 2) {
    throw Error(fmt::format("{}: the classifier needs labels, but data set '{}' has none", name,
                            args.definition.text("dataset.name")));
  }
  FmnistCnn network(shape[0], args.classes);
  network->to(args.device);
  return network;
}

class Classifier : public Trainable {
 public:
  explicit Classifier(const ModelArgs& args)
      : network_(make_network(args)), optimizer_(*network_, optimizer_options(args.definition)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override {
    optimizer_.zero_grad();
    const auto logits = network_->forward(batch.images, context.noise).logits;
    const auto loss = at::cross_entropy_loss(logits, batch.labels);
    backward(loss);
    optimizer_.step(context);
    const auto right = logits.detach().argmax(1) == batch.labels;
    return {{"loss", loss.detach()}, {"accuracy", right.to(at::kFloat).mean()}};
  }

  void visit_state(StateVisitor& visitor) override {
    visit_module(visitor, "network", *network_);
    optimizer_.visit_state(visitor, "optimizer");
  }

  std::optional<torch::Tensor> classify(const torch::Tensor& images) override {
    const torch::NoGradGuard no_grad;
    const EvalMode eval(*network_);
    return network_->forward(images).logits;
  }

 private:
  FmnistCnn network_;
  Optimizer optimizer_;
};

}  // namespace

Schema classifier_schema() { return {}; }

void check_classifier(const Definition& definition) {
  refuse_if(
      ema_options(definition).averages(), definition,
      "the classifier keeps no averaged weights; set ema.decay = 0 and ema.half_life_images = 0");
}

Capabilities classifier_capabilities(const Definition&) {
  return {.generates = false, .classifies = true};
}

std::unique_ptr<Trainable> make_classifier(const ModelArgs& args) {
  check_classifier(args.definition);
  return std::make_unique<Classifier>(args);
}

}  // namespace assay
