// SPDX-License-Identifier: Apache-2.0
#include "families/registry.h"

#include <fmt/format.h>

#include "config/effect.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "families/autoencoder/autoencoder.h"
#include "families/classifier/classifier.h"
#include "families/diffusion/diffusers_unet.h"
#include "families/diffusion/diffusion.h"
#include "families/gan/gan.h"
#include "families/objectives/patch_gan.h"
#include "families/optimizer.h"
#include "families/training_codes.h"
#include "families/vae/vae.h"
#include "families/vq_vae/vq_vae.h"

namespace assay {
namespace {

std::string protocol_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : to_toml(value);
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> list = {
      {.name = "autoencoder",
       .paper =
           "Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks",
       .schema = autoencoder_schema,
       .check = check_autoencoder,
       .make = make_autoencoder,
       .capabilities = autoencoder_capabilities,
       .describe_sampling = describe_fit_images},
      {.name = "vae",
       .paper = "Kingma & Welling 2014, Auto-Encoding Variational Bayes",
       .schema = vae_schema,
       .check = check_vae,
       .make = make_vae,
       .capabilities = vae_capabilities},
      {.name = "vq_vae",
       .paper = "van den Oord et al. 2017, Neural Discrete Representation Learning",
       .schema = vq_vae_schema,
       .check = check_patch_gan,
       .make = make_vq_vae,
       .capabilities = vq_vae_capabilities,
       .describe_sampling = describe_fit_images},
      {.name = "gan",
       .paper = "Goodfellow et al. 2014, Generative Adversarial Nets",
       .schema = gan_schema,
       .check = check_gan,
       .make = make_gan,
       .capabilities = gan_capabilities,
       .networks = {{.live = "generator", .averaged = "ema"}, {.live = "discriminator"}}},
      {.name = "ddpm",
       .paper = "Ho, Jain & Abbeel 2020, Denoising Diffusion Probabilistic Models",
       .schema = ddpm_schema,
       .check = check_ddpm,
       .make = make_diffusion,
       .capabilities = diffusion_capabilities,
       .describe_sampling = describe_ddpm_sampling,
       .networks = {{.live = "network", .averaged = "ema"}},
       .diffusers_unet = diffusers_unet},
      {.name = "diffusion",
       .paper =
           "Song et al. 2021, Score-Based Generative Modeling through Stochastic Differential "
           "Equations; Karras et al. 2022, Elucidating the Design Space; Lipman et al. 2023, Flow "
           "Matching",
       .schema = diffusion_schema,
       .check = check_diffusion,
       .make = make_diffusion,
       .capabilities = diffusion_capabilities,
       .describe_sampling = describe_diffusion_sampling,
       .networks = {{.live = "network", .averaged = "ema"}},
       .diffusers_unet = diffusers_unet},
      {.name = "classifier",
       .paper = "assay's own: the network behind the extractor fmnist-cnn",
       .schema = classifier_schema,
       .check = check_classifier,
       .make = make_classifier,
       .capabilities = classifier_capabilities},
  };
  return list;
}

const Family& family(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& entry : families()) {
    if (entry.name == name) return entry;
    known.emplace_back(entry.name);
  }
  throw Error(fmt::format("unknown family '{}'{}", name, suggestion(name, known, "families")));
}

Capabilities capabilities_of(const Definition& definition) {
  return family(definition.family).capabilities(definition);
}

std::int64_t seeds_together(const Definition& definition) {
  const bool alone = !capabilities_of(definition).trains_alone.empty();
  return alone ? 0 : definition.integer("train.seed_batch");
}

std::string scored_weights(const Definition& definition) {
  return ema_options(definition).averages() ? definition.text("eval.weights") : "raw";
}

Protocol sampling_protocol(const Definition& definition, std::int64_t training_images) {
  const Family& its = family(definition.family);
  const Schema schema = its.schema();
  Protocol protocol = {{"network_evaluations", "1"}};
  for (const Key& key : schema) {
    if (!key.path.starts_with("sampler.") || !has_effect(key, schema, definition)) continue;
    const Value& value = definition.values.at(key.path).value;
    // None of something is nothing to name; a family says so where 0 means all.
    if (value != Value(std::int64_t{0})) protocol[key.path] = protocol_text(value);
  }
  if (its.describe_sampling != nullptr) {
    its.describe_sampling(definition, training_images, protocol);
  }
  return protocol;
}

FamilyKeys family_schema(const std::string& name) {
  const Family& found = family(name);
  return {found.schema(), found.revision, found.upgrades};
}

}  // namespace assay
