// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace assay {

/// Columns cut into at most 256 bins each, in ascending order: one per distinct value if there are
/// no more, else bins of about equally many rows.
class BinnedColumns {
 public:
  /// x: [N,D] f64, finite.
  explicit BinnedColumns(const at::Tensor& x);

  std::size_t columns() const { return ends_.size(); }
  std::size_t bins(std::size_t column) const { return ends_[column].size(); }
  std::uint8_t bin(std::size_t row, std::size_t column) const {
    return bins_[column * rows_ + row];
  }
  /// Least and greatest value in a bin.
  struct Ends {
    double low = 0.0, high = 0.0;
  };
  const Ends& ends(std::size_t column, std::size_t bin) const { return ends_[column][bin]; }

 private:
  std::size_t rows_ = 0;
  std::vector<std::uint8_t> bins_;  ///< column after column
  std::vector<std::vector<Ends>> ends_;
};

/// The columns of x [N,D] f64 in ascending order of their values, first row first, [D] i64. Whoever
/// goes through columns in this order settles ties by what they hold and not by where they stand.
at::Tensor order_by_values(const at::Tensor& x);

/// The cut of rows in two that removes most squared error.
struct Cut {
  bool found = false;
  std::size_t column = 0;
  std::uint8_t last_left_bin = 0;
  double threshold = 0.0;  ///< halfway between the nearest values of the two sides
  double gain = 0.0;       ///< S_l²/n_l + S_r²/n_r − S²/n, S the sums of the targets
};

/// Over all columns and bins, for targets [N] of the given rows; the first of equal ones. Not found
/// if no column takes two values in them.
Cut best_cut(const BinnedColumns& columns, std::span<const double> targets,
             std::span<const std::size_t> rows);

}  // namespace assay
