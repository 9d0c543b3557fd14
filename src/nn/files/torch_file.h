// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "nn/files/safetensors.h"

namespace assay {

/// Whether the bytes begin as a file of Python's torch.save, of either format.
bool is_torch_file(std::string_view bytes);

/// The tensors of a state dict that Python's torch.save wrote (`.pth`, `.pt`, `.bin`), contiguous
/// on the CPU. Both formats are read:
///   zip (torch ≥ 1.6):  NAME/data.pkl, NAME/data/KEY for each storage;
///   legacy (before):    pickles of a magic number, 1001, the system, the state dict and the list
///                       of keys; then for each key an i64 count of elements and the elements.
/// The pickle may name collections.OrderedDict, torch._utils._rebuild_tensor_v2 and the storages of
/// f32 and i64, nothing else, and no code of the file runs. Throws Error naming `label` for any
/// other content, damage or truncation.
TensorMap from_torch_file(std::string_view bytes, const std::string& label);

}  // namespace assay
