// SPDX-License-Identifier: Apache-2.0
#include "families/gan/class_condition.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "families/labels.h"
#include "nn/blocks/equalised.h"

namespace assay {
namespace {

// ψ(f) + yᵀ V f (Miyato & Koyama 2018, eq. 4).
torch::Tensor project(const torch::Tensor& logits, const torch::Tensor& scores,
                      const torch::Tensor& y) {
  return logits + (scores * y).sum(1, /*keepdim=*/true);
}

// −E log P(C = c | X), the negative of L_C (Odena et al. 2017, eq. 3).
torch::Tensor classify(const torch::Tensor& scores, const torch::Tensor& y) {
  return -(at::log_softmax(scores, 1) * y).sum(1).mean();
}

// Σ_k o_k e_k/√E of e scaled to E e² = 1 (Karras et al. 2020, "Training Generative Adversarial
// Networks with Limited Data", code).
torch::Tensor project_on_embedded(const torch::Tensor& output, const torch::Tensor& embedded,
                                  const torch::Tensor& /*y*/) {
  return (output * of_unit_power(embedded)).sum(1, /*keepdim=*/true) /
         std::sqrt(static_cast<double>(embedded.size(1)));
}

torch::Tensor accuracy(const Judgement& judged) {
  return (judged.scores.argmax(1) == judged.classes.argmax(1)).to(at::kFloat).mean();
}

std::int64_t count_of(const ModelArgs& args, const ClassCondition& condition) {
  if (!condition.looks()) return 0;
  const auto& definition = args.definition;
  if (args.classes < 2) {
    throw Error(fmt::format(
        "{}: model.condition needs labels, but data set '{}' has none; set it to \"none\"",
        definition.name, definition.text("dataset.name")));
  }
  return args.classes;
}

// Of the training data; equal ones where their labels are not at hand.
torch::Tensor shares(const ModelArgs& args, std::int64_t classes) {
  const auto& labels = args.training_labels;
  if (!labels.defined()) {
    return at::full({classes}, 1.0 / static_cast<double>(classes), at::kDouble);
  }
  return at::bincount(labels, {}, classes).to(at::kDouble) / static_cast<double>(labels.size(0));
}

}  // namespace

const Choices<ClassCondition>& class_conditions() {
  static const Choices<ClassCondition> all = {
      {"none", {.paper = ""}},
      {"projection",
       {.paper = "Miyato & Koyama 2018, eq. 4", .has_bias = false, .logits = project}},
      {"embedding",
       {.paper = "Karras et al. 2020 (ADA), code", .embeds = true, .logits = project_on_embedded}},
      {"ac_gan", {.paper = "Odena et al. 2017, eq. 2 and 3", .loss = classify}}};
  return all;
}

Schema class_condition_keys() {
  const auto weight = [](const std::string& path, const std::string& network) {
    return Key{.path = path,
               .default_value = 1.0,
               .meaning = "ac_gan: weight of the class loss in the " + network + "'s",
               .minimum = 0,
               .maximum = 1e6,
               .needs = {{"model.condition", {"ac_gan"}}}};
  };
  return {{.path = "model.condition",
           .default_value = std::string("none"),
           .meaning = "class-conditional: the generator sees the class beside z; the "
                      "discriminator's logit has an inner product of class and features (Miyato & "
                      "Koyama 2018), is that of its output with an embedded class (Karras et al. "
                      "2020), or it classifies too (Odena et al. 2017)",
           .choices = class_conditions().names()},
          {.path = "model.class_embedding",
           .default_value = std::int64_t{64},
           .meaning = "embedding: dimensions E of an embedded class and of the discriminator's "
                      "output",
           .minimum = 1,
           .maximum = 65536,
           .needs = {{"model.condition", {"embedding"}}}},
          weight("objective.class_weight", "discriminator"),
          weight("objective.generator_class_weight", "generator")};
}

Classes::Classes(const ModelArgs& args)
    : condition_(class_conditions().of(args.definition, "model.condition")),
      count_(count_of(args, condition_)),
      embedding_(args.definition.integer("model.class_embedding")),
      discriminator_weight_(args.definition.number("objective.class_weight")),
      generator_weight_(args.definition.number("objective.generator_class_weight")) {
  if (count_ == 0) return;
  const auto share = shares(args, count_);
  const auto upper = share.cumsum(0);
  lower_ = (upper - share).to(at::kFloat).to(args.device);
  upper_ = at::cat({lower_.slice(0, 1),
                    at::full({1}, std::numeric_limits<float>::infinity(), lower_.options())});
}

void Classes::add_head(Sequential& discriminator, const GanShape& shape) {
  if (count_ == 0) return;
  const auto* last = discriminator->ptr(discriminator->size() - 1)->as<torch::nn::LinearImpl>();
  TORCH_CHECK(last != nullptr, "a discriminator whose last layer is not linear");
  const auto in = condition_.embeds ? count_ : last->options.in_features();
  const auto out = condition_.embeds ? embedding_ : count_;
  add_critic_linear(head_, shape, in, out, condition_.has_bias);
  discriminator->register_module("class_head", head_);
}

torch::Tensor Classes::one_hot(const torch::Tensor& labels) const {
  if (count_ == 0) return {};
  TORCH_CHECK(labels.defined(), "a conditional GAN needs labels");
  return assay::one_hot(labels.to(lower_.device()), count_);
}

torch::Tensor Classes::draw(std::int64_t count, const Noise& noise) const {
  if (count_ == 0) return {};
  const auto drawn = noise.uniform({count, 1}, lower_.options());
  return ((drawn >= lower_) & (drawn < upper_)).to(at::kFloat);
}

torch::Tensor Classes::in_turn(std::int64_t begin, std::int64_t end) const {
  return count_ == 0 ? torch::Tensor() : classes_in_turn(begin, end, count_);
}

torch::Tensor Classes::joined(const torch::Tensor& z, const torch::Tensor& y) const {
  return count_ == 0 ? z : at::cat({z, y}, 1);
}

Judgement Classes::judge(Sequential& discriminator, const Examples& examples, bool with_features) {
  const bool of_features = count_ > 0 && !condition_.embeds;
  auto judged = assay::judge(discriminator, examples.values, with_features || of_features);
  if (count_ == 0) return judged;
  judged.classes = examples.classes;
  judged.scores = head_->forward(condition_.embeds ? judged.classes : judged.features);
  if (condition_.logits != nullptr) {
    judged.logits = condition_.logits(judged.logits, judged.scores, judged.classes);
  }
  return judged;
}

ClassLosses Classes::losses(const Judgement& real, const Judgement& generated) const {
  if (condition_.loss == nullptr) return {};
  return {condition_.loss(real.scores, real.classes),
          condition_.loss(generated.scores, generated.classes)};
}

torch::Tensor Classes::of_discriminator(const torch::Tensor& loss,
                                        const ClassLosses& losses) const {
  if (condition_.loss == nullptr) return loss;
  return loss + discriminator_weight_ * (losses.real + losses.generated);
}

torch::Tensor Classes::of_generator(const torch::Tensor& loss, const Judgement& generated) const {
  if (condition_.loss == nullptr) return loss;
  return loss + generator_weight_ * condition_.loss(generated.scores, generated.classes);
}

void Classes::log(const ClassLosses& losses, const Judgement& real, const Judgement& generated,
                  std::vector<LossTerm>& terms) const {
  if (condition_.loss == nullptr) return;
  terms.push_back({"class_real_loss", losses.real.detach()});
  terms.push_back({"class_generated_loss", losses.generated.detach()});
  terms.push_back({"class_real_accuracy", accuracy(real)});
  terms.push_back({"class_generated_accuracy", accuracy(generated)});
}

}  // namespace assay
