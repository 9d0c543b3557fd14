// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/files/safetensors.h"

namespace assay {

/// A U-Net (nn/blocks/unet.h, layout kDdpm) as `UNet2DModel` of the package diffusers has it, or,
/// if it looks at tokens, `UNet2DConditionModel`, which is given their embeddings: its weights
/// under the names there, and its configuration. README.md beside this file has the table.
struct DiffusersUNet {
  std::vector<std::int64_t> channels;  ///< of each level
  std::int64_t blocks = 0;             ///< residual blocks per level on the way down
  std::int64_t groups = 0;
  std::int64_t heads = 1;
  std::int64_t head_channels = 0;  ///< instead of a number of heads; 0: by heads
  bool scales_and_shifts = false;  ///< the time, or is added
  double dropout = 0.0;
  std::int64_t frequency_shift = 0;  ///< f_i = 10000^(−i/(K − shift)) for i < K
};

/// Whether a file's names are those of diffusers.
bool has_diffusers_names(const TensorMap& stored);

/// A U-Net's tensors under diffusers' names. The K frequencies rise here and fall there, so that
/// the columns of the first layer of the time change places within sines and within cosines, which
/// come first (flip_sin_to_cos = false).
TensorMap to_diffusers(const TensorMap& unet);

/// Copies tensors under diffusers' names into a U-Net's. cosines_first: they come before the sines
/// there (flip_sin_to_cos). Throws Error naming `label` if a name is missing or unexpected, or a
/// shape or type differs: nothing is changed then.
void from_diffusers(const TensorMap& stored, const std::string& label, bool cosines_first,
                    TensorMap& unet);

/// The text of config.json for from_pretrained; of a sample's size it knows nothing.
/// Throws Error if the heads of its attentions cannot be told there.
std::string diffusers_config(const DiffusersUNet& unet, const TensorMap& tensors);

/// Reads another's config.json. Returns its flip_sin_to_cos; throws Error naming `label` and the
/// key if what it says beside that (but for dropout and a sample's size) is of another U-Net.
bool diffusers_flips(const std::string& config, const std::string& label, const DiffusersUNet& unet,
                     const TensorMap& tensors);

}  // namespace assay
