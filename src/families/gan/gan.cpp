// SPDX-License-Identifier: Apache-2.0
#include "families/gan/gan.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "core/error.h"
#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/critic.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/fresh_statistics.h"
#include "families/optimizer.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "kernels/pointwise/logistic_loss.h"
#include "kernels/pointwise/spread.h"
#include "nn/blocks/initialise.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// How many passes of the generator make a training batch, and how many examples each.
std::int64_t passes(const Definition& definition) {
  return definition.boolean("objective.packing_apart") ? definition.integer("objective.packing")
                                                       : 1;
}
std::int64_t pass_size(const Definition& definition) {
  return definition.integer("train.batch_size") / passes(definition);
}

const GanArchitecture& architecture_of(const ModelArgs& args) {
  const auto& definition = args.definition;
  const GanShape shape{definition, args.example_shape};
  const GanArchitecture& architecture = gan_architectures().of(definition, "model.network");
  const auto misfit = architecture.misfit(shape);
  if (!misfit.empty()) throw Error(fmt::format("{}: {}", definition.name, misfit));
  refuse_if(pass_size(definition) == 1 && architecture.normalises_single_values(shape), definition,
            "train.batch_size = 1, or the packing with objective.packing_apart, leaves the batch "
            "normalisation of this model.network one value "
            "for each channel, whose variance is 0; make train.batch_size larger");
  return architecture;
}

Sequential prepared(Sequential network, const ModelArgs& args) {
  initialise_dcgan(*network, args.definition.number("model.initial_sd"), construction_generator());
  network->to(args.device);
  return network;
}

// How much of the batch the discriminator tells right.
void log_accuracy(const AdversarialLoss& loss, const torch::Tensor& real,
                  const torch::Tensor& generated, std::vector<LossTerm>& terms) {
  if (!loss.boundary) {
    terms.push_back({"discriminator_pair_accuracy", logistic_accuracy(real - generated, true)});
    return;
  }
  terms.push_back({"discriminator_real_accuracy", logistic_accuracy(real, true, *loss.boundary)});
  terms.push_back(
      {"discriminator_generated_accuracy", logistic_accuracy(generated, false, *loss.boundary)});
}

// No gradients for a network's weights in a scope: in the generator's step the discriminator only
// passes gradients on.
class Frozen {
 public:
  explicit Frozen(const std::vector<torch::Tensor>& parameters) : parameters_(parameters) {
    for (const auto& parameter : parameters_) parameter.requires_grad_(false);
  }
  ~Frozen() {
    for (const auto& parameter : parameters_) parameter.requires_grad_(true);
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  const std::vector<torch::Tensor>& parameters_;
};

class Gan : public GenerativeModel {
 public:
  explicit Gan(const ModelArgs& args) : Gan(args, architecture_of(args)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor&,
                                            torch::Generator generator) override {
    return draw_normal(count, {latent_dim_}, generator);
  }
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor& labels) override;

 private:
  Gan(const ModelArgs& args, const GanArchitecture& architecture);
  torch::Tensor generate(std::int64_t count, const StepContext& context);
  void update_discriminator(const torch::Tensor& real, const torch::Tensor& generated,
                            const StepContext& context, std::vector<LossTerm>& terms);
  void teach_generator(const torch::Tensor& real, const torch::Tensor& generated,
                       std::vector<LossTerm>& terms);

  FreshStatistics fresh_statistics(Sequential& network) const;

  const AdversarialLoss& loss_;
  CriticRegularisers regularisers_;
  double feature_matching_, adversarial_weight_;
  std::int64_t discriminator_steps_, packing_, passes_, pass_size_, latent_dim_;
  bool together_;
  std::int64_t statistics_batches_;
  torch::Device device_;
  Averaged<Sequential> generator_;
  Sequential discriminator_;
  Optimizer generator_optimizer_, discriminator_optimizer_;
};

Gan::Gan(const ModelArgs& args, const GanArchitecture& architecture)
    : loss_(adversarial_losses().of(args.definition, "objective.loss")),
      regularisers_(args.definition),
      feature_matching_(args.definition.number("objective.feature_matching")),
      adversarial_weight_(args.definition.number("objective.adversarial_weight")),
      discriminator_steps_(args.definition.integer("objective.discriminator_steps")),
      packing_(args.definition.integer("objective.packing")),
      passes_(passes(args.definition)),
      pass_size_(pass_size(args.definition)),
      latent_dim_(args.definition.integer("model.latent_dim")),
      together_(args.definition.text("objective.updates") == "together"),
      statistics_batches_(args.definition.integer("sampler.statistics_batches")),
      device_(args.device),
      generator_(prepared(architecture.generator({args.definition, args.example_shape}), args)),
      discriminator_(prepared(
          architecture.discriminator(GanShape{args.definition, args.example_shape}.packed()),
          args)),
      generator_optimizer_(*generator_.live(),
                           network_optimizer_options(args.definition, "generator")),
      discriminator_optimizer_(*discriminator_,
                               network_optimizer_options(args.definition, "discriminator")) {
  generator_.keep_average(ema_options(args.definition), [&] {
    return prepared(architecture.generator({args.definition, args.example_shape}), args);
  });
}

torch::Tensor Gan::generate(std::int64_t count, const StepContext& context) {
  const auto options = at::TensorOptions(at::kFloat).device(device_);
  std::vector<torch::Tensor> parts;
  for (std::int64_t pass = 0; pass < passes_; ++pass) {
    const auto z = context.noise.normal({count / passes_, latent_dim_}, options);
    parts.push_back(generator_.live()->forward(z));
  }
  // Place by place, so that packs are of neighbours.
  return passes_ == 1 ? parts.front() : at::stack(parts, 1).flatten(0, 1);
}

void Gan::update_discriminator(const torch::Tensor& real, const torch::Tensor& generated,
                               const StepContext& context, std::vector<LossTerm>& terms) {
  discriminator_optimizer_.zero_grad();
  const auto real_logits = discriminator_->forward(real);
  const auto generated_logits = discriminator_->forward(generated.detach());
  const auto loss = loss_.discriminator(real_logits, generated_logits);
  terms.push_back({"discriminator_loss", loss.detach()});
  const auto logits = [this](const torch::Tensor& x) { return discriminator_->forward(x); };
  backward(regularisers_.penalised(
      loss,
      {logits, real, generated.detach(), discriminator_optimizer_.parameters(), context.noise},
      context.step, terms));
  discriminator_optimizer_.step(context);
  regularisers_.project(discriminator_optimizer_.parameters());
  log_accuracy(loss_, real_logits, generated_logits, terms);
}

// Leaves the gradients of the generator's loss.
void Gan::teach_generator(const torch::Tensor& real, const torch::Tensor& generated,
                          std::vector<LossTerm>& terms) {
  generator_optimizer_.zero_grad();
  const Frozen frozen(discriminator_optimizer_.parameters());
  const bool matches = feature_matching_ > 0.0;
  const auto of_generated = judge(discriminator_, generated, matches);
  const auto of_real =
      matches || loss_.compares ? judge(discriminator_, real, matches) : Judgement();
  auto loss = loss_.generator(of_generated.logits, of_real.logits);
  terms.push_back({"generator_loss", loss.detach()});
  if (matches) {
    const auto gap = feature_matching_ * feature_matching(of_generated.features, of_real.features);
    loss = adversarial_weight_ * loss + gap;
    terms.push_back({"feature_matching", gap.detach()});
  }
  backward(loss);
}

std::vector<LossTerm> Gan::training_step(const Batch& batch, const StepContext& context) {
  const std::int64_t count = batch.images.size(0);
  const auto real = packed(batch.images, packing_);
  const bool reuse = discriminator_steps_ == 1;
  torch::Tensor generated;
  {
    // Only a batch that the generator will learn from needs its graph.
    const torch::AutoGradMode graph(reuse);
    generated = generate(count, context);
  }
  std::vector<LossTerm> terms;
  if (together_) teach_generator(real, packed(generated, packing_), terms);
  update_discriminator(real, packed(generated, packing_), context, terms);
  if ((context.step + 1) % discriminator_steps_ == 0) {
    if (!together_) {
      teach_generator(real, packed(reuse ? generated : generate(count, context), packing_), terms);
    }
    generator_optimizer_.step(context);
    generator_.update(context.step / discriminator_steps_);
  }
  terms.push_back({"generated_spread", spread(generated)});
  return terms;
}

void Gan::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "generator", *generator_.live());
  visit_module(visitor, "discriminator", *discriminator_);
  generator_.visit_average(visitor, "ema");
  generator_optimizer_.visit_state(visitor, "generator_optimizer");
  discriminator_optimizer_.visit_state(visitor, "discriminator_optimizer");
}

FreshStatistics Gan::fresh_statistics(Sequential& network) const {
  return {network, statistics_batches_, [this](const torch::Generator& generator) {
            return draw_normal(pass_size_, {latent_dim_}, generator).to(device_);
          }};
}

void Gan::sample(const SampleRequest& request) {
  auto& network = generator_.scored();
  const auto statistics = fresh_statistics(network);
  const EvalMode eval(*network);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto z = draw_normal(end - begin, {latent_dim_}, request.generator);
    return network->forward(z.to(device_));
  });
}

std::optional<torch::Tensor> Gan::decode(const torch::Tensor& z, const torch::Tensor&) {
  const torch::NoGradGuard no_grad;
  auto& network = generator_.scored();
  const auto statistics = fresh_statistics(network);
  const EvalMode eval(*network);
  return network->forward(z.to(device_));
}

}  // namespace

void describe_gan_sampling(const Definition& definition, std::int64_t, Protocol& protocol) {
  if (definition.integer("sampler.statistics_batches") == 0) {
    protocol.erase("sampler.statistics_batches");
  }
}

std::unique_ptr<Trainable> make_gan(const ModelArgs& args) { return std::make_unique<Gan>(args); }

}  // namespace assay
