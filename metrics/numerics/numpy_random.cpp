// SPDX-License-Identifier: Apache-2.0
#include "metrics/numerics/numpy_random.h"

#include <c10/util/Exception.h>

#include <bit>
#include <limits>
#include <numeric>
#include <utility>

namespace assay {

std::uint64_t NumpyRandomState::up_to(std::uint64_t largest) {
  if (largest == 0) return 0;
  const std::uint64_t mask = std::bit_ceil(largest + 1) - 1;
  const bool narrow = largest <= std::numeric_limits<std::uint32_t>::max();
  std::uint64_t value = 0;
  do {
    value = engine_();
    // Beyond 32 bits numpy takes two draws, the high half first.
    if (!narrow) value = (value << 32) | engine_();
    value &= mask;
  } while (value > largest);
  return value;
}

std::vector<std::int64_t> NumpyRandomState::permutation(std::int64_t n) {
  TORCH_CHECK(n >= 0, "permutation: of ", n, " numbers");
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[up_to(i)]);
  return order;
}

std::vector<std::int64_t> NumpyRandomState::choice(std::int64_t n, std::int64_t size) {
  TORCH_CHECK(size >= 0 && size <= n, "choice: ", size, " of ", n, " without replacement");
  auto drawn = permutation(n);
  drawn.resize(static_cast<std::size_t>(size));
  return drawn;
}

}  // namespace assay
