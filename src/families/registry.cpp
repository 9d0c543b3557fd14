// SPDX-License-Identifier: Apache-2.0
#include "families/registry.h"

#include <fmt/format.h>

#include "config/effect.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "families/autoencoder/autoencoder.h"
#include "families/classifier.h"
#include "families/ddpm.h"
#include "families/gan.h"
#include "families/training_codes.h"
#include "families/vae/vae.h"
#include "families/vq_vae/vq_vae.h"

namespace assay {
namespace {

void nothing_excluded(const Definition&) {}

std::string protocol_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : to_toml(value);
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> list = {
      {"autoencoder",
       "Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks",
       autoencoder_schema, check_autoencoder, make_autoencoder, Encoding::kPoints, true,
       describe_fit_images},
      {"vae", "Kingma & Welling 2014, Auto-Encoding Variational Bayes", vae_schema, check_vae,
       make_vae, Encoding::kGaussians, true},
      {"vq_vae", "van den Oord et al. 2017, Neural Discrete Representation Learning", vq_vae_schema,
       nothing_excluded, make_vq_vae, Encoding::kPoints, false, describe_fit_images},
      {"gan", "Goodfellow et al. 2014, Generative Adversarial Nets", gan_schema, nothing_excluded,
       make_gan, Encoding::kNone, true},
      {"ddpm", "Ho, Jain & Abbeel 2020, Denoising Diffusion Probabilistic Models", ddpm_schema,
       check_ddpm, make_ddpm, Encoding::kNone, false, describe_ddpm_sampling},
      {"classifier", "assay's own: the network behind the extractor fmnist-cnn", classifier_schema,
       check_classifier, make_classifier},
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

Encoding encoding_of(const Definition& definition) {
  const bool point =
      definition.has("model.posterior") && definition.text("model.posterior") == "point";
  const Encoding encoding = family(definition.family).encoding;
  return point && encoding == Encoding::kGaussians ? Encoding::kPoints : encoding;
}

std::string scored_weights(const Definition& definition) {
  return definition.number("ema.decay") > 0.0 ? definition.text("eval.weights") : "raw";
}

Protocol sampling_protocol(const Definition& definition, std::int64_t training_images) {
  const Family& its = family(definition.family);
  const Schema schema = its.schema();
  Protocol protocol = {{"network_evaluations", "1"}};
  for (const Key& key : schema) {
    if (!key.path.starts_with("sampler.") || !has_effect(key, schema, definition)) continue;
    protocol[key.path] = protocol_text(definition.values.at(key.path).value);
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
