// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace assay {

/// Calls work(0) … work(count − 1) on LibTorch's intra-operator threads, in contiguous runs. `work`
/// must not throw.
void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& work);

}  // namespace assay
