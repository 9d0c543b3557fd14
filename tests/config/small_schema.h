// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"
#include "core/error.h"

namespace assay {

/// A family with few keys, so that these tests need no LibTorch.
inline Schema small_family(const std::string& name) {
  if (name != "vae")
    throw Error("family '" + name + "' is not known; did you mean 'vae'? Known families: vae");
  return {{.path = "model.latent_dim",
           .default_value = std::int64_t{20},
           .meaning = "size of the code",
           .minimum = 1,
           .maximum = 4096},
          {.path = "model.hidden",
           .default_value = std::vector<std::int64_t>{400},
           .meaning = "widths",
           .minimum = 1,
           .maximum = 8192},
          {.path = "objective.likelihood",
           .default_value = std::string("bernoulli"),
           .meaning = "p(x|z)",
           .choices = {"bernoulli", "gaussian"}},
          {.path = "objective.sigma",
           .default_value = 1.0,
           .meaning = "standard deviation",
           .minimum = 1e-6,
           .maximum = 1000,
           .needs = {{"objective.likelihood", {"gaussian"}}}},
          {.path = "objective.warm_up",
           .default_value = 0.0,
           .meaning = "epochs of warm-up",
           .minimum = 0,
           .maximum = 1000,
           .needs = {{"objective.beta"}}},
          {.path = "objective.beta",
           .default_value = 1.0,
           .meaning = "weight of the KL term",
           .minimum = 0,
           .maximum = 1000}};
}

}  // namespace assay
