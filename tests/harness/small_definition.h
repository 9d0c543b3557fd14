// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/definition.h"
#include "families/registry.h"

namespace assay {

/// A VAE on generated pictures that trains in a second.
inline Definition small_definition(const std::string& more = {}) {
  return resolve_text(R"(
family = "vae"
[dataset]
name = "generated_images"
size = 16
count = 256
[train]
batch_size = 16
images = 640
log_every_images = 64
checkpoint_every_images = 64
[model]
network = "mlp"
hidden_widths = [32]
latent_dim = 4
[eval]
metrics = ["fd", "precision", "recall", "reconstruction_mse", "elbo"]
extractor = "pixels"
generated = 64
reference_count = 64
every_images = 256
grid = 16
[ema]
decay = 0.9
)" + more,
                      "small.toml", family_schema, {});
}

}  // namespace assay
