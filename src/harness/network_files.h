// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/definition.h"
#include "families/trainable.h"

namespace assay {

// A model's networks in files that other programs read and write (nn/files/README.md): one each,
// "generator.safetensors" and "discriminator.safetensors" of a GAN, tensors under PyTorch's names.

/// Whose names a file's tensors have.
enum class WeightNames { kPyTorch, kDiffusers };

/// Writes the networks of a checkpoint, with the weights that are scored (scored_weights), into a
/// folder. Returns the files; none if the family has no such networks. Throws Error as
/// load_safetensors. Under diffusers' names they are what from_pretrained of UNet2DModel, or
/// with cross-attention of UNet2DConditionModel, reads:
/// "unet/diffusion_pytorch_model.safetensors" and "unet/config.json"; throws Error, too, where the
/// definition has no such U-Net (Family::diffusers_unet).
std::vector<std::filesystem::path> write_networks(const std::filesystem::path& checkpoint,
                                                  const Definition& definition,
                                                  const std::filesystem::path& folder,
                                                  WeightNames names = WeightNames::kPyTorch);

/// Reads weights into the networks that are scored and trained: `from` is a file with those of the
/// network that samples, or the folder of write_networks, in which that of any other network may be
/// absent. A U-Net's may have diffusers' names, its config.json
/// beside it. Returns the SHA-256 of the file of the network that
/// samples. Throws Error naming the file and the tensor that is missing, left over or of another
/// shape, and where the family has no such networks; the model is not to be used then.
std::string read_networks(const std::filesystem::path& from, const Definition& definition,
                          Trainable& model);

}  // namespace assay
