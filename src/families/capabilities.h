// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace assay {

/// What GenerativeModel::encode gives.
enum class Encoding {
  kNone,
  kPoints,    ///< codes
  kGaussians  ///< means and log variances of q(z|x)
};

/// What can be asked of the models of one definition, said once and before any is built. A method
/// of trainable.h that may answer nothing answers if and only if this says so.
struct Capabilities {
  bool generates = true;     ///< it is a GenerativeModel
  bool classifies = false;   ///< classify()
  bool conditional = false;  ///< sample_labels(): samples are of classes that are asked for
  bool latents = false;      ///< draw_latents(): each sample is decoded from a latent
  bool decodes = false;      ///< decode(), of latents and of codes
  Encoding encoding = Encoding::kNone;  ///< encode(), and reconstruct() with it
  bool differentiable = false;          ///< jacobian_norms(): of codes by images
  /// Name of p(x|z), whose bound elbo() gives; empty: it gives none.
  std::string likelihood = {};
  bool weighs = false;       ///< log_weights(): so are samples of its posterior
  bool denoises = false;     ///< denoising_losses()
  bool flows = false;        ///< log_density(): of an ODE
  bool paths = false;        ///< path_energies()
  bool latent_maps = false;  ///< it is a LatentMaps, which latent diffusion can stand on
  /// Numbers of a code, where the definition alone says how many.
  std::optional<std::int64_t> code_size = {};
  /// Why several seeds cannot train as one model (train.seed_batch), so that each trains alone;
  /// empty: they can.
  std::string trains_alone = {};
  bool attributes = false;  ///< samples are of factors that are asked for (told_samples.h)

  bool encodes() const { return encoding != Encoding::kNone; }
};

}  // namespace assay
