// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Seed of the named stream of a run: the first eight bytes (little-endian) of
/// SHA-256("assay stream v1\0" + decimal run seed + "\0" + name). Streams are independent of each
/// other and of the order in which they are asked for. Names in use: init, order, augment,
/// resample, train_noise, eval_noise, eval_posterior, eval_denoising, eval_densities, eval_paths,
/// eval_corruption, binarisation, sample, reference, densities, probe, data, data/test.
std::uint64_t stream_seed(std::uint64_t run_seed, std::string_view name);

/// Integer random numbers that are the same on every platform: std::mt19937_64 is fully specified
/// by the standard, its distributions are not, so those are here. For draws outside tensors (data
/// order, generated data).
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  /// Uniform in {0, …, n−1}, unbiased (rejection). n > 0.
  std::uint64_t below(std::uint64_t n);
  /// Uniform in [0, 1) with 53 random bits.
  double uniform();
  /// Standard normal by Box–Muller (one of the pair is kept for the next call).
  double normal();
  /// A uniformly random permutation of {0, …, n−1} (Fisher–Yates).
  std::vector<std::int64_t> permutation(std::int64_t n);
  /// `count` of {0, …, n−1} without replacement, in random order: a permutation's start. 0 ≤ count
  /// ≤ n.
  std::vector<std::int64_t> choice(std::int64_t n, std::int64_t count);

 private:
  std::mt19937_64 engine_;
  double spare_normal_ = 0.0;
  bool has_spare_ = false;
};

/// A random (version 4) UUID from the operating system, for naming runs; never for numbers.
std::string random_uuid();

}  // namespace assay
