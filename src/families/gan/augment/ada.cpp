// SPDX-License-Identifier: Apache-2.0
#include "families/gan/augment/ada.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "families/gan/augment/ada_transforms.h"
#include "families/gan/augment/augmentation.h"
#include "families/refuse.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

struct Pipeline {
  bool pixels, geometry, colour;
};
// The names of the authors' train.py.
const Choices<Pipeline> kPipelines = {{"bgc", {true, true, true}},
                                      {"bg", {true, true, false}},
                                      {"blit", {true, false, false}},
                                      {"geom", {false, true, false}},
                                      {"color", {false, false, true}}};

class AdaptiveAugmentation : public Augmentation {
 public:
  AdaptiveAugmentation(const Pipeline& pipeline, const AdaController::Options& options,
                       torch::Device device)
      : pipeline_(pipeline), controller_(options, device) {}

  torch::Tensor augmented(const torch::Tensor& images, const Noise& noise) const override {
    TORCH_CHECK(seeds_in_batch() == 0, "adaptive augmentation pads for one seed at a time");
    const std::int64_t count = images.size(0), height = images.size(2), width = images.size(3);
    const auto options = images.options().requires_grad(false);
    const auto& p = controller_.p();
    auto x = images;
    torch::Tensor from;
    if (pipeline_.pixels) from = sources(draw_pixels(count, p, noise, options), height, width);
    if (pipeline_.geometry) {
      const auto more = sources(draw_geometry(count, p, noise, options), height, width);
      from = from.defined() ? at::matmul(from, more) : more;
    }
    if (from.defined()) x = geometrically_transformed(x, from);
    if (!pipeline_.colour) return x;
    return recoloured(x, colours(draw_colour(count, p, noise, options), images.size(1) == 1));
  }
  void watch(const torch::Tensor& real_logits, std::int64_t images, const StepContext& context,
             std::vector<LossTerm>& terms) override {
    controller_.watch(real_logits, images, context.step, terms);
  }
  void visit_state(StateVisitor& visitor) override { controller_.visit_state(visitor); }

 private:
  const Pipeline& pipeline_;
  AdaController controller_;
};

Schema ada_keys() {
  const std::vector<Need> needs = {{"objective.augmentation", {"ada"}}};
  return {{.path = "objective.ada_pipeline",
           .default_value = std::string("bgc"),
           .meaning = "what ada may do: pixel blitting (b), geometry (g), colour (c)",
           .choices = kPipelines.names(),
           .needs = needs},
          {.path = "objective.ada_target",
           .default_value = 0.6,
           .meaning = "E sign D(x) of real images above which ada's probability rises, and below "
                      "which it falls",
           .minimum = -1,
           .maximum = 1,
           .needs = needs},
          {.path = "objective.ada_kimg",
           .default_value = 500.0,
           .meaning = "thousands of images in which that probability moves by 1",
           .unit = "kimg",
           .minimum = 1e-3,
           .maximum = 1e6,
           .needs = needs},
          {.path = "objective.ada_interval",
           .default_value = std::int64_t{4},
           .meaning = "it moves at every so manieth of the discriminator's steps",
           .unit = "steps",
           .minimum = 1,
           .maximum = 1e6,
           .needs = needs},
          {.path = "objective.ada_initial",
           .default_value = 0.0,
           .meaning = "that probability at the start",
           .minimum = 0,
           .maximum = 1,
           .needs = needs}};
}

std::string ada_misfit(const Definition& definition) {
  if (adversarial_losses().of(definition, "objective.loss").boundary) return "";
  return fmt::format(
      "objective.augmentation = \"ada\" follows the sign of the discriminator's logits, and "
      "objective.loss = \"{}\" compares logits alone, so that their sign says nothing; take "
      "\"non_saturating\", or \"diff_augment\"",
      definition.text("objective.loss"));
}

std::unique_ptr<Augmentation> make(const ModelArgs& args) {
  const auto& d = args.definition;
  const auto& pipeline = kPipelines.of(d, "objective.ada_pipeline");
  const auto channels = args.example_shape.front();
  refuse_if(pipeline.colour && channels != 1 && channels != 3, d,
            fmt::format("objective.ada_pipeline = \"{}\" maps colours of 1 or 3 channels, and "
                        "these images have {}; take \"bg\"",
                        d.text("objective.ada_pipeline"), channels));
  const AdaController::Options options{
      .target = d.number("objective.ada_target"),
      .kimg = d.number("objective.ada_kimg"),
      .interval = d.integer("objective.ada_interval"),
      .initial = d.number("objective.ada_initial"),
      .boundary = *adversarial_losses().of(d, "objective.loss").boundary};
  return std::make_unique<AdaptiveAugmentation>(pipeline, options, args.device);
}

}  // namespace

AdaController::AdaController(const Options& options, torch::Device device)
    : options_(options),
      p_(at::full({}, options.initial, at::TensorOptions(at::kDouble).device(device))),
      signs_(at::zeros_like(p_)),
      judged_(at::zeros_like(p_)) {}

void AdaController::watch(const torch::Tensor& real_logits, std::int64_t images, std::int64_t step,
                          std::vector<LossTerm>& terms) {
  const torch::NoGradGuard no_grad;
  const auto signs = (real_logits.detach() - options_.boundary).sign().to(at::kDouble);
  terms.push_back({"ada_p", p_.to(at::kFloat)});
  terms.push_back({"ada_sign", signs.mean().to(at::kFloat)});
  signs_.add_(signs.sum());
  judged_.add_(static_cast<double>(signs.numel()));
  if ((step + 1) % options_.interval != 0) return;
  const double move = static_cast<double>(images * options_.interval) / (1000.0 * options_.kimg);
  p_.add_(move * (signs_ / judged_ - options_.target).sign()).clamp_min_(0.0);
  signs_.zero_();
  judged_.zero_();
}

void AdaController::visit_state(StateVisitor& visitor) {
  visitor.tensor("ada.p", p_, StateKind::kBuffer);
  visitor.tensor("ada.signs", signs_, StateKind::kBuffer);
  visitor.tensor("ada.judged", judged_, StateKind::kBuffer);
}

AugmentationMethod adaptive_augmentation() {
  return {
      .paper = "Karras et al. 2020 (ADA)", .make = make, .keys = ada_keys, .misfit = ada_misfit};
}

}  // namespace assay
