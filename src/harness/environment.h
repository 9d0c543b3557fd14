// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// What a number was measured on.
struct Machine {
  std::string cpu;    ///< model name
  std::string flags;  ///< those of avx2 fma avx512f avx512_bf16 amx_bf16 that it has
  int cores = 0;
  std::string gpu;  ///< empty without a usable one
  std::string driver;
  std::int64_t memory_bytes = 0;
  std::string os;
  std::string compiler;
  std::string libtorch;
};

/// Which sources a number was made with.
struct Commit {
  /// 40 hex digits, or "unknown" if it was built outside a git checkout. Where what was compiled
  /// differs from that commit, "+" and the first 12 hex digits of the SHA-256 of the difference
  /// follow.
  std::string id;
  bool dirty = false;       ///< it differs
  std::string code_digest;  ///< kCodeDigest (harness/build_commit.h)
};

Machine this_machine();
/// What this program was built from, whatever the checkout holds by now.
Commit this_commit();

/// "auto", "cpu" or "cuda". A GPU is set up to compute as the CPU does: products and convolutions
/// in full f32 (no TF32), and the same bits from the same numbers (LibTorch's deterministic
/// algorithms; an operator that has none throws). Throws Error if CUDA is asked for and this build
/// or machine has none.
torch::Device pick_device(std::string_view wanted);

/// Highest resident set size of this process so far.
std::int64_t peak_memory_bytes();
/// On a GPU the most that LibTorch's allocator has held there so far; else as above.
std::int64_t peak_memory_bytes(torch::Device device);

/// The stream of the samples that a run is scored by.
inline constexpr std::string_view kEvalNoise = "eval_noise";

/// A torch generator on a device, seeded with a named stream of a run.
torch::Generator make_generator(torch::Device device, std::uint64_t run_seed,
                                std::string_view stream);

}  // namespace assay
