// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/nearest.h"

#include <algorithm>

namespace assay {

void NearestLists::offer(std::int64_t row, const Candidate& candidate) {
  const auto r = static_cast<std::size_t>(row);
  Candidate* first = kept_.data() + r * capacity_;
  std::size_t& count = counts_[r];
  if (count == capacity_) {
    if (!(candidate.approximate < first[count - 1].approximate)) return;
    --count;
  }
  Candidate* place = std::upper_bound(
      first, first + count, candidate,
      [](const Candidate& a, const Candidate& b) { return a.approximate < b.approximate; });
  std::move_backward(place, first + count, first + count + 1);
  *place = candidate;
  ++count;
}

void NearestLists::merge(std::int64_t row, const NearestLists& other, std::int64_t other_row) {
  const Candidate* candidates = other.begin(other_row);
  for (std::size_t i = 0; i < other.count(other_row); ++i) offer(row, candidates[i]);
}

}  // namespace assay
