// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace assay {

// Sides of images that each level of a network halves; lists of levels come from users, of any
// length.

/// ⌊side / 2^times⌋. side ≥ 0.
constexpr std::int64_t side_after(std::int64_t side, std::size_t times) {
  return times < 63 ? side >> times : 0;
}

/// Whether side / 2^times is whole. side > 0.
constexpr bool halves_evenly(std::int64_t side, std::size_t times) {
  return times < 63 && side % (std::int64_t{1} << times) == 0;
}

/// 2^times as text: "8", or "2^70" where it is beyond any side.
inline std::string power_of_two_text(std::size_t times) {
  return times < 63 ? std::to_string(std::int64_t{1} << times) : "2^" + std::to_string(times);
}

}  // namespace assay
