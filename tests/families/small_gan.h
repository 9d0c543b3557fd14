// SPDX-License-Identifier: Apache-2.0
// What the tests of GANs share: small definitions, data, and what is refused.
#pragma once

#include "core/error.h"
#include "families/gan/gan.h"
#include "tests/families/small_model.h"

namespace assay {

/// G(z) = W z + b with z [N,3], D(x) = w·x + c, on points.
inline constexpr const char* kAffineGan = R"(family = "gan"
model.network = "mlp"
model.latent_dim = 3
model.generator_widths = []
model.discriminator_widths = []
model.initial_sd = 0.5
optimizer.generator_learning_rate = 1e-2
optimizer.discriminator_learning_rate = 1e-3
)";

/// Points [count,2] around (1,1).
inline Batch real_points(std::int64_t count) {
  return {torch::randn({count, 2}, seeded(5)) + 1.0, {}};
}

inline Definition gan_of(const std::string& settings) {
  return resolve_text("family = 'gan'\n" + settings, "here.toml", family_schema, {});
}

/// What check_gan has against these settings; empty: nothing.
inline std::string gan_refusal(const std::string& settings) {
  try {
    check_gan(gan_of(settings));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace assay
