// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace assay {

/// The part of numpy's legacy `RandomState` that peers draw subsets with, number for number: the
/// Mersenne Twister of Matsumoto & Nishimura (1998) seeded by init_genrand, and integers in
/// {0, …, n−1} by rejection under the smallest mask 2^b−1 ≥ n−1. For agreement with peers only;
/// everything else draws from RandomStream.
class NumpyRandomState {
 public:
  /// numpy.random.RandomState(seed).
  explicit NumpyRandomState(std::uint32_t seed) : engine_(seed) {}

  /// RandomState.permutation(n). n ≥ 0.
  std::vector<std::int64_t> permutation(std::int64_t n);
  /// RandomState.choice(n, size, replace=False): draws a whole permutation and keeps its start.
  /// 0 ≤ size ≤ n.
  std::vector<std::int64_t> choice(std::int64_t n, std::int64_t size);

 private:
  std::uint64_t up_to(std::uint64_t largest);

  std::mt19937 engine_;
};

}  // namespace assay
