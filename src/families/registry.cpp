// SPDX-License-Identifier: Apache-2.0
#include "families/registry.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/near_miss.h"
#include "families/autoencoder/autoencoder.h"
#include "families/classifier.h"
#include "families/ddpm.h"
#include "families/gan.h"
#include "families/vae/vae.h"
#include "families/vq_vae/vq_vae.h"

namespace assay {
namespace {

void nothing_excluded(const Definition&) {}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> list = {
      {"autoencoder",
       "Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks",
       autoencoder_schema, check_autoencoder, make_autoencoder, Encoding::kPoints, true},
      {"vae", "Kingma & Welling 2014, Auto-Encoding Variational Bayes", vae_schema, check_vae,
       make_vae, Encoding::kGaussians, true},
      {"vq_vae", "van den Oord et al. 2017, Neural Discrete Representation Learning", vq_vae_schema,
       nothing_excluded, make_vq_vae, Encoding::kPoints},
      {"gan", "Goodfellow et al. 2014, Generative Adversarial Nets", gan_schema, nothing_excluded,
       make_gan, Encoding::kNone, true},
      {"ddpm", "Ho, Jain & Abbeel 2020, Denoising Diffusion Probabilistic Models", ddpm_schema,
       check_ddpm, make_ddpm},
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

FamilyKeys family_schema(const std::string& name) {
  const Family& found = family(name);
  return {found.schema(), found.revision, found.upgrades};
}

}  // namespace assay
