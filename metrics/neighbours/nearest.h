// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay {

struct Candidate {
  double approximate = 0.0;  ///< squared distance by the product form
  std::int64_t index = 0;
};

/// For each of some rows the few nearest candidates, sorted.
class NearestLists {
 public:
  NearestLists(std::int64_t rows, std::int64_t capacity)
      : capacity_(static_cast<std::size_t>(capacity)),
        counts_(static_cast<std::size_t>(rows), 0),
        kept_(static_cast<std::size_t>(rows * capacity)) {}

  /// What a candidate of the row must lie below to be kept.
  double threshold(std::int64_t row) const {
    const auto r = static_cast<std::size_t>(row);
    return counts_[r] < capacity_ ? std::numeric_limits<double>::infinity()
                                  : kept_[r * capacity_ + capacity_ - 1].approximate;
  }
  void offer(std::int64_t row, const Candidate& candidate);
  void merge(std::int64_t row, const NearestLists& other, std::int64_t other_row);

  std::size_t count(std::int64_t row) const { return counts_[static_cast<std::size_t>(row)]; }
  const Candidate* begin(std::int64_t row) const {
    return kept_.data() + static_cast<std::size_t>(row) * capacity_;
  }

 private:
  std::size_t capacity_;
  std::vector<std::size_t> counts_;
  std::vector<Candidate> kept_;
};

}  // namespace assay
