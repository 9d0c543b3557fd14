// SPDX-License-Identifier: Apache-2.0
#include "families/gan/gan.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <numeric>

#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/augment/augmentation.h"
#include "families/gan/began.h"
#include "families/gan/class_condition.h"
#include "families/gan/critic.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/fresh_statistics.h"
#include "families/gan/gan_networks.h"
#include "families/gan/generated_batches.h"
#include "families/gan/generator_passes.h"
#include "families/gan/latents.h"
#include "families/gan/path_length.h"
#include "families/gan/penalty_step.h"
#include "families/gan/progress.h"
#include "families/gan/unrolled.h"
#include "families/judge.h"
#include "families/latent_fifth.h"
#include "families/optimizer.h"
#include "families/sampling.h"
#include "families/stretches.h"
#include "families/styled.h"
#include "kernels/pointwise/spread.h"
#include "nn/optim/gradient_clip.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

// At every so manieth of the generator's steps the size of its gradient is looked at, so that small
// networks hardly pay for it.
constexpr std::int64_t kGradientEvery = 16;

class Gan : public GenerativeModel, public Judge, public StyledModel, public UnevenTraining {
 public:
  explicit Gan(const ModelArgs& args) : Gan(args, architecture_of(args)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  std::vector<FailureSign> failure_signs() const override { return failure_signs_; }
  std::vector<Stretch> stretches(std::int64_t total_steps) const override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> sample_labels(std::int64_t count) override;
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor&,
                                            torch::Generator generator) override {
    return draw_in_fifth(latent_fifth_, count, generator,
                         [this](std::int64_t more, const torch::Generator& from) {
                           return latents_.sampled(more, latent_dim_, from);
                         });
  }
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor& labels) override;
  std::optional<torch::Tensor> logits_of(const torch::Tensor& examples) override;
  std::optional<torch::Tensor> styles_of(const torch::Tensor& z,
                                         const torch::Tensor& labels) override;
  torch::Tensor images_of_styles(const torch::Tensor& w) override;

 private:
  Gan(const ModelArgs& args, const GanArchitecture& architecture);
  Judgement judge(const Examples& examples, const StepContext& context, bool with_features = false);
  torch::Tensor discriminator_loss(const Judgement& real, const Judgement& generated) const;
  CriticView critic_view(const Examples& real, const Examples& generated,
                         const StepContext& context);
  void update_discriminator(const Examples& real, const Examples& generated,
                            const StepContext& context, std::vector<LossTerm>& terms);
  void teach_generator(const Examples& real, const Examples& generated, const StepContext& context,
                       std::vector<LossTerm>& terms);
  void update_generator(std::int64_t count, const StepContext& context,
                        std::vector<LossTerm>& terms);

  /// What the generator makes examples of, of latents and labels on any device.
  torch::Tensor input_of(const torch::Tensor& z, const torch::Tensor& labels) const {
    return classes_.joined(z.to(device_), classes_.one_hot(labels));
  }
  FreshStatistics fresh_statistics(Sequential& network);

  const AdversarialLoss& loss_;
  const LatentDistribution& latents_;
  CriticRegularisers regularisers_;
  double feature_matching_, adversarial_weight_;
  std::int64_t discriminator_steps_, packing_, pass_size_, latent_dim_, latent_fifth_;
  bool judges_alone_, together_;
  std::int64_t statistics_batches_;
  torch::Device device_;
  Classes classes_;
  Averaged<Sequential> generator_;
  GeneratorPasses run_;
  GeneratedBatches batches_;
  Sequential discriminator_;
  std::unique_ptr<Augmentation> augmentation_;
  PathLength path_length_;
  Equilibrium equilibrium_;
  Optimizer generator_optimizer_, discriminator_optimizer_;
  Unrolling unrolling_;
  std::vector<FailureSign> failure_signs_;
};

Gan::Gan(const ModelArgs& args, const GanArchitecture& architecture)
    : loss_(adversarial_losses().of(args.definition, "objective.loss")),
      latents_(latent_distributions().of(args.definition, "model.latent")),
      regularisers_(args.definition),
      feature_matching_(args.definition.number("objective.feature_matching")),
      adversarial_weight_(args.definition.number("objective.adversarial_weight")),
      discriminator_steps_(args.definition.integer("objective.discriminator_steps")),
      packing_(args.definition.integer("objective.packing")),
      pass_size_(generator_pass_size(args.definition)),
      latent_dim_(args.definition.integer("model.latent_dim")),
      latent_fifth_(args.definition.integer("sampler.latent_fifth")),
      judges_alone_(judges_examples_alone(args.definition)),
      together_(kTogether.of(args.definition, "objective.updates")),
      statistics_batches_(args.definition.integer("sampler.statistics_batches")),
      device_(args.device),
      classes_(args),
      generator_(new_generator(architecture, args, classes_)),
      run_(args.definition, generator_, args.device),
      batches_(args.definition, classes_, run_, args.device),
      discriminator_(new_discriminator(architecture, loss_, args, classes_)),
      augmentation_(make_augmentation(args)),
      path_length_(args.definition, args.device),
      equilibrium_(args.definition, loss_, args.device),
      generator_optimizer_(*generator_.live(), path_length_.optimizer_options(args.definition)),
      discriminator_optimizer_(*discriminator_, regularisers_.optimizer_options(args.definition)),
      unrolling_(args.definition, discriminator_, discriminator_optimizer_),
      failure_signs_(gan_failure_signs(args.definition, loss_)) {
  auto average = ema_options(args.definition);
  average.images_per_step *= discriminator_steps_;
  generator_.keep_average(average, [&] { return new_generator(architecture, args, classes_); });
}

Judgement Gan::judge(const Examples& examples, const StepContext& context, bool with_features) {
  // Of a pack each example for itself.
  const auto augmented =
      augmentation_->augmented(unpacked(examples.values, packing_), context.noise);
  return classes_.judge(discriminator_, {packed(augmented, packing_), examples.classes},
                        with_features);
}

torch::Tensor Gan::discriminator_loss(const Judgement& real, const Judgement& generated) const {
  return loss_.discriminator(real.logits, equilibrium_.weighed(generated.logits));
}

CriticView Gan::critic_view(const Examples& real, const Examples& generated,
                            const StepContext& context) {
  const auto logits = [this, &context](const torch::Tensor& x, const torch::Tensor& classes) {
    return judge({x, classes}, context).logits;
  };
  return {
      logits,        real.values,  generated.values.detach(), discriminator_optimizer_.parameters(),
      context.noise, real.classes, generated.classes,         regularisers_.slope()};
}

void Gan::update_discriminator(const Examples& real, const Examples& generated,
                               const StepContext& context, std::vector<LossTerm>& terms) {
  discriminator_optimizer_.zero_grad();
  const auto of_real = judge(real, context);
  const auto of_generated = judge({generated.values.detach(), generated.classes}, context);
  const auto loss = discriminator_loss(of_real, of_generated);
  terms.push_back({"discriminator_loss", loss.detach()});
  const auto class_losses = classes_.losses(of_real, of_generated);
  const auto view = critic_view(real, generated, context);
  const auto adversarial = classes_.of_discriminator(loss, class_losses);
  backward(regularisers_.joined(adversarial, view, context.step, terms));
  discriminator_optimizer_.step(context);
  penalty_step(discriminator_optimizer_, regularisers_.apart(view, context.step, terms), context);
  regularisers_.project(discriminator_optimizer_.parameters());
  log_accuracy(loss_, of_real.logits, of_generated.logits, terms);
  classes_.log(class_losses, of_real, of_generated, terms);
  equilibrium_.update(of_real.logits, of_generated.logits, terms);
  augmentation_->watch(of_real.logits, real.values.size(0) * packing_, context, terms);
}

// Leaves the gradients of the generator's loss.
void Gan::teach_generator(const Examples& real, const Examples& generated,
                          const StepContext& context, std::vector<LossTerm>& terms) {
  generator_optimizer_.zero_grad();
  const Frozen frozen(discriminator_optimizer_.parameters());
  const auto ahead = unrolling_.ahead(context, [&] {
    const auto of_real = judge(real, context), of_generated = judge(generated, context);
    return classes_.of_discriminator(discriminator_loss(of_real, of_generated),
                                     classes_.losses(of_real, of_generated));
  });
  const bool matches = feature_matching_ > 0.0;
  const auto of_generated = judge(generated, context, matches);
  const auto of_real = matches || loss_.compares ? judge(real, context, matches) : Judgement();
  auto loss = loss_.generator(of_generated.logits, of_real.logits);
  terms.push_back({"generator_loss", loss.detach()});
  if (matches) {
    const auto gap = feature_matching_ * feature_matching(of_generated.features, of_real.features);
    loss = adversarial_weight_ * loss + gap;
    terms.push_back({"feature_matching", gap.detach()});
  }
  backward(classes_.of_generator(loss, of_generated));
}

void Gan::update_generator(std::int64_t count, const StepContext& context,
                           std::vector<LossTerm>& terms) {
  const std::int64_t updates = context.step / discriminator_steps_;
  if (updates % kGradientEvery == 0) {
    terms.push_back({"generator_gradient_norm", gradient_norm(generator_optimizer_.parameters())});
  }
  const auto path_penalty = [&] {
    const auto [images, w] = batches_.styled(path_length_.images_of(count), context.noise);
    return path_length_.penalty(images, w, context.noise, terms);
  };
  const bool due = path_length_.due(updates);
  if (due && !path_length_.apart()) backward(path_penalty());
  generator_optimizer_.step(context);
  if (due && path_length_.apart()) penalty_step(generator_optimizer_, path_penalty(), context);
  generator_.update(updates);
  run_.follow();
}

std::vector<LossTerm> Gan::training_step(const Batch& batch, const StepContext& context) {
  const std::int64_t count = batch.images.size(0);
  const Examples real{packed(batch.images, packing_), classes_.one_hot(batch.labels)};
  const bool reuse = discriminator_steps_ == 1;
  Examples generated;
  {
    // Only a batch that the generator will learn from needs its graph.
    const torch::AutoGradMode graph(reuse);
    generated = batches_.examples(count, context.noise);
  }
  std::vector<LossTerm> terms;
  if (together_) teach_generator(real, generated, context, terms);
  update_discriminator(real, generated, context, terms);
  if ((context.step + 1) % discriminator_steps_ == 0) {
    if (!together_) {
      teach_generator(real, reuse ? generated : batches_.examples(count, context.noise), context,
                      terms);
    }
    update_generator(count, context, terms);
  }
  terms.push_back({"generated_spread", spread(unpacked(generated.values, packing_))});
  return terms;
}

// Until the generator learns and every penalty is due in the same step again.
std::vector<Stretch> Gan::stretches(std::int64_t total_steps) const {
  const std::int64_t of_generator = discriminator_steps_ * path_length_.interval();
  return {{total_steps, std::lcm(of_generator, regularisers_.interval())}};
}

void Gan::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "generator", *generator_.live());
  visit_module(visitor, "discriminator", *discriminator_);
  generator_.visit_average(visitor, "ema");
  run_.visit_state(visitor);
  augmentation_->visit_state(visitor);
  path_length_.visit_state(visitor);
  equilibrium_.visit_state(visitor);
  generator_optimizer_.visit_state(visitor, "generator_optimizer");
  discriminator_optimizer_.visit_state(visitor, "discriminator_optimizer");
}

FreshStatistics Gan::fresh_statistics(Sequential& network) {
  return {network, statistics_batches_, [this](const torch::Generator& generator) {
            return input_of(latents_.sampled(pass_size_, latent_dim_, generator),
                            classes_.in_turn(0, pass_size_));
          }};
}

void Gan::sample(const SampleRequest& request) {
  auto& network = generator_.scored();
  const auto statistics = fresh_statistics(network);
  const EvalMode eval(*network);
  const auto noise = run_.noise_of(request);
  const auto z = *draw_latents(request.count, {}, request.generator);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    return run_.sampled(input_of(z.slice(0, begin, end), classes_.in_turn(begin, end)),
                        noise.of(begin, end));
  });
}

std::optional<torch::Tensor> Gan::sample_labels(std::int64_t count) {
  if (classes_.count() == 0) return std::nullopt;
  return classes_.in_turn(0, count);
}

std::optional<torch::Tensor> Gan::decode(const torch::Tensor& z, const torch::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  auto& network = generator_.scored();
  const auto statistics = fresh_statistics(network);
  const EvalMode eval(*network);
  return run_.decoded(input_of(z, labels));
}

std::optional<torch::Tensor> Gan::styles_of(const torch::Tensor& z, const torch::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*generator_.scored());
  return run_.styles(input_of(z, labels));
}

torch::Tensor Gan::images_of_styles(const torch::Tensor& w) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*generator_.scored());
  return run_.decoded_styles(w.to(device_));
}

std::optional<torch::Tensor> Gan::logits_of(const torch::Tensor& examples) {
  if (!judges_alone_) return std::nullopt;
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*discriminator_);
  return classes_.judge(discriminator_, {examples.to(device_), {}}, false)
      .logits.flatten()
      .to(at::kCPU);
}

}  // namespace

std::unique_ptr<Trainable> make_gan(const ModelArgs& args) { return std::make_unique<Gan>(args); }

}  // namespace assay
