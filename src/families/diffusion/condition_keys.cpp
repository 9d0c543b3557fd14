// SPDX-License-Identifier: Apache-2.0
// Classes, and how far samples follow them: keys of [model], [objective] and [sampler].
#include "families/diffusion/diffusion_choices.h"
#include "families/diffusion/diffusion_keys.h"

namespace assay {

Schema condition_keys() {
  const std::vector<Need> conditional = {{"model.conditional"}};
  return {
      {.path = "model.conditional",
       .default_value = false,
       .meaning = "the network is told the class, and samples are of the classes in turn"},
      {.path = "model.cross_attention",
       .default_value = false,
       .meaning = "it is told by a sequence of tokens that the U-Net's attention looks at, as "
                  "spatial transformers (Rombach et al. 2022), in place of an embedding added to "
                  "the time's",
       .needs = {{"model.conditional"}, {"model.network", {"unet"}}}},
      {.path = "model.tokens",
       .default_value = std::string("class"),
       .meaning = "one token that names the class, or one for each factor of the data set; samples "
                  "are of its combinations in a fixed order",
       .choices = kToldTokens.names(),
       .needs = {{"model.cross_attention"}}},
      {.path = "objective.p_uncond",
       .default_value = 0.0,
       .meaning = "share of the examples whose class, or whole sequence of tokens, is dropped "
                  "(classifier-free guidance: Ho & Salimans 2022)",
       .minimum = 0,
       .maximum = 1,
       .needs = conditional},
      {.path = "sampler.guidance_scale",
       .default_value = 1.0,
       .meaning =
           "s: how far estimates go from those without class past those with it; 1: no guidance",
       .minimum = 0,
       .maximum = 1000,
       .needs = conditional},
      {.path = "sampler.guidance_from",
       .default_value = 0.0,
       .meaning = "first time of the process at which it guides (Kynkaanniemi et al. 2024)",
       .minimum = 0,
       .maximum = 1,
       .needs = {{"sampler.guidance_scale"}}},
      {.path = "sampler.guidance_to",
       .default_value = 1.0,
       .meaning = "last such time, up to the noise at 1",
       .minimum = 0,
       .maximum = 1,
       .needs = {{"sampler.guidance_scale"}}},
      {.path = "model.classifier",
       .default_value = false,
       .meaning =
           "a classifier of noisy examples is trained beside the network, and samples are of "
           "the classes in turn"},
      {.path = "sampler.classifier_scale",
       .default_value = 0.0,
       .meaning = "s of classifier guidance: how far estimates follow the classifier's slope "
                  "(Dhariwal & Nichol 2021); 0: none",
       .minimum = 0,
       .maximum = 1000,
       .needs = {{"model.classifier"}}},
      {.path = "sampler.dynamic_threshold",
       .default_value = 0.0,
       .meaning =
           "quantile of an estimate's pixels that is scaled to 1 where it is larger (Saharia et "
           "al. 2022); 0: none",
       .minimum = 0,
       .maximum = 1},
  };
}

}  // namespace assay
