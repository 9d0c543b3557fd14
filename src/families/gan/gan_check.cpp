// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/augment/augmentation.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/gan.h"
#include "families/gan/gan_networks.h"
#include "families/gan/penalty_step.h"
#include "families/gan/style_generator.h"
#include "families/refuse.h"

namespace assay {
namespace {

void check_examples_alone(const Definition& d, const std::string& penalty) {
  if (!critic_penalties().at(penalty).takes_examples_alone) return;
  const auto tied = [&](std::string_view by, std::string_view cure) {
    return fmt::format(
        "objective.{} asks for the slope of each example's own logit, which {} ties to the rest of "
        "the batch; {}",
        penalty, by, cure);
  };
  refuse_if(critic_norm(d) == CriticNorm::kBatch, d,
            tied("batch normalisation", "set model.discriminator_norm to \"layer\" or \"none\""));
  refuse_if(d.integer("model.minibatch_discrimination") > 0, d,
            tied("model.minibatch_discrimination", "keep one of them"));
  // R1 and R2 of logits that look at groups are the authors' own.
  refuse_if(sees_groups(d) && !critic_penalties().at(penalty).takes_groups, d,
            tied("model.minibatch_stddev", "set that to 0, or take objective.r1"));
}

void check_slopes(const Definition& d, const std::vector<std::string>& penalties) {
  const bool pulled = std::any_of(penalties.begin(), penalties.end(), [](const auto& name) {
    return critic_penalties().at(name).pulls_slope;
  });
  refuse_if(
      !pulled &&
          (d.number("objective.penalty_slope") != 1.0 || d.text("objective.slope_of") != "logit"),
      d,
      "objective.penalty_slope and objective.slope_of are of gradient penalties, and none has "
      "a weight; set objective.gradient_penalty, or leave them");
}

void check_penalties(const Definition& d, const std::vector<std::string>& penalties) {
  for (const auto& penalty : penalties) check_examples_alone(d, penalty);
  refuse_if(
      is_on(d, "objective.gradient_penalty") && is_on(d, "objective.one_sided_gradient_penalty"), d,
      "objective.gradient_penalty and objective.one_sided_gradient_penalty are two sides of "
      "one penalty; keep one of them");
  refuse_if(is_on(d, "objective.weight_clip") && (is_on(d, "objective.gradient_penalty") ||
                                                  is_on(d, "objective.one_sided_gradient_penalty")),
            d, "a gradient penalty takes the place of objective.weight_clip; keep one of them");
  refuse_if(is_on(d, "objective.gradient_penalty") &&
                (is_on(d, "objective.r1") || is_on(d, "objective.r2")),
            d,
            "objective.gradient_penalty pulls slopes to objective.penalty_slope where objective.r1 "
            "and objective.r2 pull them to 0; keep one of them, or take "
            "objective.one_sided_gradient_penalty");
  refuse_if(is_on(d, "objective.dragan") && is_on(d, "objective.r1"), d,
            "objective.dragan pulls slopes at real examples to objective.penalty_slope where "
            "objective.r1 pulls them to 0; keep one of them");
  check_slopes(d, penalties);
  const bool lazy = !lazy_penalties_of(d).empty();
  refuse_if(d.integer("objective.penalty_interval") > 1 && !lazy, d,
            "objective.penalty_interval has nothing to wait for: no penalty of the discriminator "
            "that is lazy has a weight, such as objective.r1");
  refuse_if(
      penalties_apart(d) && !lazy && !is_on(d, "objective.path_length"), d,
      "objective.penalty_step = \"apart\" has no penalty to make steps of: none has a weight, "
      "such as objective.r1");
}

void check_spectral_norm(const Definition& d) {
  if (!d.boolean("model.spectral_norm")) return;
  refuse_if(critic_norm(d) != CriticNorm::kNothing, d,
            "model.spectral_norm bounds the discriminator's slope, which a normalisation behind it "
            "undoes; set model.discriminator_norm = \"none\"");
  refuse_if(d.text("model.network") == "mlp" && d.integer("model.maxout_pieces") > 0, d,
            "model.spectral_norm bounds linear layers, and the largest of several is not one; set "
            "model.maxout_pieces = 0");
  refuse_if(is_on(d, "objective.weight_clip"), d,
            "model.spectral_norm divides weights by their size, so that objective.weight_clip "
            "bounds nothing; keep one of them");
}

void check_autoencoding(const Definition& d) {
  if (!adversarial_losses().of(d, "objective.loss").autoencodes()) return;
  const auto wants_features = [&](std::string_view key) {
    return fmt::format(
        "{} needs the features that a discriminator's last layer sees, and that of objective.loss "
        "= \"{}\" is an autoencoder, which has none; drop one of them",
        key, d.text("objective.loss"));
  };
  refuse_if(is_on(d, "objective.feature_matching"), d,
            wants_features("objective.feature_matching"));
  refuse_if(d.text("model.condition") != "none", d, wants_features("model.condition"));
  refuse_if(d.integer("model.minibatch_discrimination") > 0, d,
            fmt::format("model.minibatch_discrimination would let the discriminator of "
                        "objective.loss = \"{}\" tell an example by the others of its batch; "
                        "drop one of them",
                        d.text("objective.loss")));
  refuse_if(is_on(d, "objective.weight_clip"), d,
            fmt::format("objective.weight_clip bounds a slope, and what keeps objective.loss = "
                        "\"{}\" is objective.began_gamma; drop one of them",
                        d.text("objective.loss")));
  refuse_if(
      d.boolean("model.spectral_norm"), d,
      fmt::format("model.spectral_norm bounds the slope of a discriminator's layers, and that "
                  "of objective.loss = \"{}\" ends in a generator's; drop one of them",
                  d.text("objective.loss")));
}

void check_condition(const Definition& d) {
  refuse_if(d.text("model.condition") != "none" && d.integer("objective.packing") > 1, d,
            "model.condition is of one example, and objective.packing judges several as one; keep "
            "one of them");
}

void check_path_length(const Definition& d) {
  if (!is_on(d, "objective.path_length")) return;
  const auto& network = d.text("model.network");
  refuse_if(
      std::find(kStyleNetworks.begin(), kStyleNetworks.end(), network) == kStyleNetworks.end(), d,
      fmt::format("objective.path_length is the length of steps in the styles w of a "
                  "generator, and model.network = \"{}\" has none; take \"{}\", or set it "
                  "to 0",
                  network, kStyleNetworks.front()));
  const auto shrink = d.integer("objective.path_length_batch_shrink"),
             batch = d.integer("train.batch_size");
  refuse_if(shrink > batch, d,
            fmt::format("objective.path_length_batch_shrink = {} leaves nothing of "
                        "train.batch_size = {}; set it to {} or less",
                        shrink, batch, batch));
}

void check_unrolled(const Definition& d, const std::vector<std::string>& penalties) {
  if (d.integer("objective.unrolled_steps") == 0) return;
  refuse_if(
      !penalties.empty() || is_on(d, "objective.weight_clip"), d,
      fmt::format("objective.unrolled_steps are of the adversarial loss alone, without {}; keep "
                  "one of them",
                  penalties.empty() ? "objective.weight_clip" : "objective." + penalties.front()));
  refuse_if(d.boolean("model.spectral_norm"), d,
            "objective.unrolled_steps would move the singular vectors of model.spectral_norm on "
            "steps that are not made; keep one of them");
  refuse_if(is_on(d, "optimizer.gradient_clip"), d,
            "objective.unrolled_steps are not clipped; set optimizer.gradient_clip = 0");
}

// RMSProp has no first moment, and Adam's epsilon is Adam's.
void check_optimizers(const Definition& d) {
  bool all_rmsprop = true;
  for (const std::string network : {"generator", "discriminator"}) {
    const auto prefix = "optimizer." + network + "_";
    const auto& own = d.text(prefix + "name");
    const auto& name = own == "common" ? d.text("optimizer.name") : own;
    all_rmsprop = all_rmsprop && name == "rmsprop";
    refuse_if(name == "rmsprop" && d.number(prefix + "beta1") >= 0.0, d,
              fmt::format("{}beta1 is of Adam's first moment, and the {}'s optimizer is "
                          "\"rmsprop\", which has none; leave it at -1",
                          prefix, network));
  }
  refuse_if(all_rmsprop && d.boolean("optimizer.epsilon_hat"), d,
            "optimizer.epsilon_hat is of Adam, and both optimizers are \"rmsprop\"; set it to "
            "false");
}

void check_without_effect(const Definition& d) {
  refuse_if(d.integer("sampler.statistics_batches") > 0 &&
                !gan_architectures().of(d, "model.network").generator_normalises(d),
            d,
            "sampler.statistics_batches move running statistics, and this generator normalises "
            "over no batch; set it to 0");
}

}  // namespace

void check_gan(const Definition& d) {
  const auto& loss = adversarial_losses().of(d, "objective.loss");
  const auto penalties = critic_penalties_of(d);
  const bool bounded =
      std::any_of(penalties.begin(), penalties.end(),
                  [](const auto& name) { return critic_penalties().at(name).bounds_slope; }) ||
      is_on(d, "objective.weight_clip") || d.boolean("model.spectral_norm");
  refuse_if(loss.needs_bounded_slope && !bounded, d,
            fmt::format(
                "objective.loss = \"{}\" falls for ever as the discriminator's slope grows; bound "
                "it by objective.gradient_penalty, objective.weight_clip or model.spectral_norm",
                d.text("objective.loss")));
  refuse_if(is_on(d, "objective.label_smoothing") && !loss.logistic, d,
            fmt::format("objective.label_smoothing is of labels of a logistic regression, and "
                        "objective.loss = \"{}\" has none; take \"non_saturating\" or \"minimax\"",
                        d.text("objective.loss")));
  refuse_if(
      d.number("objective.label_smoothing") >= 0.5, d,
      "objective.label_smoothing = 0.5 or more takes real examples for generated ones; 0.1 is "
      "the published one");
  check_penalties(d, penalties);
  check_spectral_norm(d);
  check_autoencoding(d);
  check_condition(d);
  check_augmentation(d);
  check_path_length(d);
  check_unrolled(d, penalties);
  check_optimizers(d);
  check_without_effect(d);
  gan_architectures().of(d, "model.network").check(d);
  refuse_if(
      d.number("objective.adversarial_weight") == 0.0 && !is_on(d, "objective.feature_matching"), d,
      "objective.adversarial_weight = 0 leaves the generator nothing to minimise; set "
      "objective.feature_matching, or leave the weight at 1");
  const std::int64_t packing = d.integer("objective.packing"),
                     batch = d.integer("train.batch_size");
  refuse_if(batch % packing != 0, d,
            fmt::format("objective.packing = {} needs batches that it divides, not "
                        "train.batch_size = {}",
                        packing, batch));
  refuse_if(kTogether.of(d, "objective.updates") && d.integer("objective.discriminator_steps") > 1,
            d,
            "objective.updates = \"together\" moves both networks at every step, so that "
            "objective.discriminator_steps has nothing to count; set it to 1");
}

Capabilities gan_capabilities(const Definition& d) {
  Capabilities can{
      .conditional = d.text("model.condition") != "none", .latents = true, .decodes = true};
  const bool twice = is_on(d, "objective.dragan") || d.integer("objective.unrolled_steps") > 0;
  if (gan_architectures().of(d, "model.network").equalised) {
    can.trains_alone = "its modulated convolutions and filters take one seed at a time";
  }
  if (twice && critic_norm(d) == CriticNorm::kBatch) {
    can.trains_alone = "batch normalisation can be differentiated twice one seed at a time only";
  }
  if (d.text("objective.augmentation") == "ada") {
    can.trains_alone = "images are padded as far as the draws of ada need, which differ by seed";
  }
  return can;
}

}  // namespace assay
