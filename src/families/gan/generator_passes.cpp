// SPDX-License-Identifier: Apache-2.0
#include "families/gan/generator_passes.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <utility>

#include "families/gan/style_generator.h"

namespace assay {
namespace {

using std::int64_t;

constexpr double kMeanDecay = 0.995;

LayerNoise none_of(std::vector<torch::Generator>) { return no_noise(); }
LayerNoise constant_of(std::vector<torch::Generator>) { return constant_noise(); }

void follow(torch::Tensor& mean, Sequential& network, const torch::Tensor& z) {
  mean.lerp_(style_generator(network)->map(z).select(1, 0).mean(0), 1.0 - kMeanDecay);
}

}  // namespace

const Choices<SampledNoise>& sampled_noises() {
  static const Choices<SampledNoise> all = {{"random", {noise_of_samples, constant_noise}},
                                            {"constant", {constant_of, constant_noise}},
                                            {"none", {none_of, no_noise}}};
  return all;
}

Schema generator_pass_keys() {
  const decltype(Key::needs) kOfStyle = {{"model.network", kStyleNetworks}};
  return {{.path = "sampler.noise",
           .default_value = std::string("random"),
           .meaning = "noise in the generator's layers: anew for each sample (constant where "
                      "latents are decoded), the layers' constant images, or none",
           .choices = sampled_noises().names(),
           .needs = {{"model.network", kStyleNetworks}, {"model.noise_injection", {"true"}}}},
          {.path = "sampler.truncation",
           .default_value = 1.0,
           .meaning = "styles are mean + this · (style − mean); 1: as they are",
           .minimum = 0,
           .maximum = 2,
           .needs = kOfStyle},
          {.path = "sampler.truncation_cutoff",
           .default_value = int64_t{0},
           .meaning = "of the first so many layers alone; 0: of all",
           .minimum = 0,
           .maximum = 64,
           .needs = {{"sampler.truncation"}}}};
}

GeneratorPasses::GeneratorPasses(const Definition& definition, Averaged<Sequential>& generator,
                                 torch::Device device)
    : generator_(generator),
      noise_(sampled_noises().of(definition, "sampler.noise")),
      truncation_(definition.number("sampler.truncation")),
      cutoff_(definition.integer("sampler.truncation_cutoff")) {
  if (style_generator(generator_.live()) == nullptr) return;
  mixing_ = definition.number("model.style_mixing");
  mean_ = at::zeros({definition.integer("model.style_dim")}, device);
  mean_of_average_ = mean_.clone();
}

torch::Tensor GeneratorPasses::training_styles(const torch::Tensor& z, const Draw& second,
                                               const Noise& noise) {
  auto& network = *style_generator(generator_.live());
  const auto w = network.map(z);
  if (mixing_ == 0.0) return w;
  // Decided on the device, so that nothing waits for it.
  const auto options = w.options().requires_grad(false);
  const auto drawn = noise.uniform({2}, options);
  const auto layers = network.styles();
  const auto cut = 1.0 + at::floor(drawn[0] * static_cast<double>(layers - 1));
  const auto mixed = (drawn[1] < mixing_) & (at::arange(layers, options) >= cut);
  return at::where(mixed.unsqueeze(1), network.map(second()), w);
}

torch::Tensor GeneratorPasses::train(const torch::Tensor& z, const Draw& second,
                                     const Noise& noise) {
  if (style_generator(generator_.live()) == nullptr) return generator_.live()->forward(z);
  last_z_ = z;
  return training_images(training_styles(z, second, noise), noise);
}

torch::Tensor GeneratorPasses::training_images(const torch::Tensor& w, const Noise& noise) {
  return style_generator(generator_.live())->synthesise(w, drawn_noise(noise));
}

void GeneratorPasses::follow() {
  if (!mean_.defined()) return;
  const torch::NoGradGuard no_grad;
  assay::follow(mean_, generator_.live(), last_z_);
  if (generator_.averages()) assay::follow(mean_of_average_, generator_.average(), last_z_);
}

torch::Tensor GeneratorPasses::truncated(const torch::Tensor& w, const torch::Tensor& mean) const {
  if (truncation_ == 1.0) return w;
  const auto moved = at::lerp(mean, w, truncation_);
  if (cutoff_ == 0 || cutoff_ >= w.size(1)) return moved;
  return at::cat({moved.slice(1, 0, cutoff_), w.slice(1, cutoff_)}, 1);
}

std::optional<torch::Tensor> GeneratorPasses::styles(const torch::Tensor& z) {
  auto* parts = style_generator(generator_.scored());
  if (parts == nullptr) return std::nullopt;
  return truncated(parts->map(z), generator_.scores_average() ? mean_of_average_ : mean_);
}

torch::Tensor GeneratorPasses::images(const torch::Tensor& w, const LayerNoise& noise) {
  return style_generator(generator_.scored())->synthesise(w, noise).clamp(-1.0, 1.0);
}

torch::Tensor GeneratorPasses::scored(const torch::Tensor& z, const LayerNoise& noise) {
  const auto w = styles(z);
  return w ? images(*w, noise) : generator_.scored()->forward(z);
}

torch::Tensor GeneratorPasses::sampled(const torch::Tensor& z,
                                       std::vector<torch::Generator> generators) {
  return scored(z, noise_.of_samples(std::move(generators)));
}

torch::Tensor GeneratorPasses::decoded(const torch::Tensor& z) {
  return scored(z, noise_.of_latents());
}

NoiseSeeds GeneratorPasses::noise_of(const SampleRequest& request) const {
  const bool draws = mean_.defined() && noise_.of_samples == noise_of_samples;
  return draws ? NoiseSeeds(request.count, request.generator) : NoiseSeeds();
}

void GeneratorPasses::visit_state(StateVisitor& visitor) {
  if (!mean_.defined()) return;
  visitor.tensor("generator.mean_style", mean_, StateKind::kBuffer);
  if (generator_.averages()) {
    visitor.tensor("ema.mean_style", mean_of_average_, StateKind::kEma);
  }
}

}  // namespace assay
