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

/// W x + b of a layer, x [N,·].
inline torch::Tensor affine(const State& state, const std::string& layer, const torch::Tensor& x) {
  return torch::mm(x, state.at(layer + ".weight").t()) + state.at(layer + ".bias");
}
/// What kAffineGan's discriminator says of points, [N,1].
inline torch::Tensor plain_logits(const State& state, const torch::Tensor& x) {
  return affine(state, "discriminator.1", x);
}
/// −mean log σ(−x): the non-saturating loss of logits.
inline double nats(const torch::Tensor& x) {
  return torch::log1p(torch::exp(x)).mean().item<double>();
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
