// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "families/encoder_decoder/encoder_decoder.h"
#include "families/objectives/latent_term.h"
#include "families/objectives/patch_gan.h"
#include "families/refuse.h"
#include "families/vae/vae.h"

namespace assay {
namespace {

bool is(const Definition& definition, std::string_view path, std::string_view value) {
  return definition.text(path) == value;
}

void check_kl_term(const Definition& d) {
  const bool cyclical = is(d, "objective.kl_schedule", "cyclical");
  const bool warm_up = is_on(d, "objective.kl_warm_up_epochs");
  const bool capacity = is_on(d, "objective.capacity");
  std::vector<std::string_view> forms;
  auto in_use = is(d, "objective.bound", "iwae") ? 1 : 0;
  for (const auto& term : kl_terms()) {
    forms.push_back(term.key);
    if (term.asked_for(d)) ++in_use;
  }
  refuse_if(
      in_use > 1, d,
      fmt::format("{} and objective.bound = \"iwae\" each replace the KL term; keep one of them",
                  fmt::join(forms, ", ")));
  refuse_if(
      cyclical && warm_up, d,
      "objective.kl_schedule = \"cyclical\" has no warm-up; set objective.kl_warm_up_epochs = 0");
  refuse_if(capacity && (cyclical || warm_up || d.number("objective.beta") != 1.0), d,
            "objective.capacity weighs the KL by objective.capacity_gamma; leave objective.beta, "
            "objective.kl_warm_up_epochs and objective.kl_schedule alone");
}

// With a step or less to a cycle, all that the weight is ever asked for is where it starts: 0.
void check_cycles(const Definition& d) {
  if (!is(d, "objective.kl_schedule", "cyclical")) return;
  const std::int64_t batch = d.integer("train.batch_size"), images = d.integer("train.images");
  const double first_stage = 1.0 - d.number("objective.second_stage_share");
  const std::int64_t all_steps = (images + batch - 1) / batch;
  const auto steps = std::llround(static_cast<double>(all_steps) * first_stage);
  const std::int64_t cycles = d.integer("objective.kl_cycles");
  refuse_if(2 * cycles > steps, d,
            fmt::format("objective.kl_cycles = {} cycles in {} training steps (train.images = {} "
                        "in batches of {}) leave no two steps to a cycle, so that the KL term's "
                        "weight never rises; set objective.kl_cycles to {} or less",
                        cycles, steps, images, batch, std::max<std::int64_t>(1, steps / 2)));
}

void check_point_posterior(const Definition& d) {
  if (!is(d, "model.posterior", "point")) return;
  refuse_if(d.number("objective.beta") != 0.0, d,
            "model.posterior = \"point\" has an infinite KL; set objective.beta = 0");
  const bool needs_distribution =
      is_on(d, "objective.free_bits") || is_on(d, "objective.capacity") ||
      !is(d, "objective.kl_parts", "none") || is(d, "objective.bound", "iwae") ||
      d.integer("objective.samples") > 1 || is(d, "model.prior", "vamp") ||
      is(d, "objective.dip", "ii");
  refuse_if(needs_distribution, d,
            "model.posterior = \"point\" is no distribution: objective.free_bits, "
            "objective.capacity, objective.kl_parts, objective.bound = \"iwae\", "
            "objective.samples > 1, objective.dip = \"ii\" and model.prior = \"vamp\" need one");
}

void check_prior(const Definition& d) {
  if (!is(d, "model.prior", "vamp")) return;
  refuse_if(is_on(d, "objective.free_bits") || !is(d, "objective.kl_parts", "none"), d,
            "model.prior = \"vamp\" does not factorise over dimensions, as objective.free_bits and "
            "objective.kl_parts need; keep one of them");
  refuse_if(is_on(d, "objective.mmd_weight"), d,
            "objective.mmd_weight compares with N(0, I); set model.prior = \"standard_normal\"");
  refuse_if(d.boolean("model.conditional"), d,
            "the pseudo-inputs of model.prior = \"vamp\" have no class; set model.conditional = "
            "false or model.prior = \"standard_normal\"");
  refuse_if(is(d, "model.network", "infogan"), d,
            "the batch normalisation of model.network = \"infogan\" would mix images with the "
            "pseudo-inputs of model.prior = \"vamp\"; take another network or prior");
  refuse_if(is_on(d, "objective.second_stage_share"), d,
            "the second stage (objective.second_stage_share) replaces the prior, so that "
            "model.prior = \"vamp\" would never be sampled; keep one of them");
}

void check_batch(const Definition& d) {
  std::vector<std::string_view> estimators;
  bool estimates = false;
  for (const auto* table : {&kl_terms(), &latent_penalties()}) {
    for (const auto& term : *table) {
      if (!term.of_aggregate) continue;
      estimators.push_back(term.key);
      estimates = estimates || term.asked_for(d);
    }
  }
  const auto last = estimators.back();
  estimators.pop_back();
  refuse_if(estimates && d.integer("train.batch_size") < 2, d,
            fmt::format("{} and {} estimate q(z) from the batch; set train.batch_size to 2 or more",
                        fmt::join(estimators, ", "), last));
}

}  // namespace

void check_vae(const Definition& definition) {
  check_kl_term(definition);
  check_cycles(definition);
  check_point_posterior(definition);
  check_prior(definition);
  check_batch(definition);
  refuse_if(
      definition.boolean("model.conditional") && definition.integer("sampler.latent_fifth") > 0,
      definition,
      "sampler.latent_fifth leaves latents out, and those of model.conditional = true stand in the "
      "order of their classes; set one of them to its default");
  check_patch_gan(definition);
  refuse_if(normalises_single_values(definition), definition, kSingleValues);
  refuse_if(is(definition, "objective.scale", "optimal") &&
                is(definition, "objective.likelihood", "discretised_logistic"),
            definition,
            "no closed form gives the optimal scale of a discretised logistic; set "
            "objective.scale = \"learned\"");
}

Capabilities vae_capabilities(const Definition& definition) {
  const bool point = is(definition, "model.posterior", "point");
  return {.conditional = definition.boolean("model.conditional"),
          .latents = true,
          .decodes = true,
          .encoding = point ? Encoding::kPoints : Encoding::kGaussians,
          .differentiable = true,
          .likelihood = point ? std::string() : definition.text("objective.likelihood"),
          .weighs = !point,
          .latent_maps = codes_are_maps(definition) && !definition.boolean("model.conditional"),
          .code_size = code_size(definition)};
}

}  // namespace assay
