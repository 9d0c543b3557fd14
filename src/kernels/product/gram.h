// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace assay {

/// Columns of a block of centred rows, packed for products of columns with columns: panels of 16
/// columns, in each of which a row's 16 numbers lie side by side.
class ColumnPanels {
 public:
  static constexpr std::int64_t kWidth = 16;

  ColumnPanels(std::int64_t most_rows, std::int64_t columns);

  std::int64_t panels() const { return (columns_ + kWidth - 1) / kWidth; }
  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// How many rows the next pack() calls bring.
  void set_rows(std::int64_t rows) { rows_ = rows; }
  /// Packs one panel of rows [rows,columns] with `stride` numbers from row to row, less
  /// shift[columns]; adds each column's sum to sums[columns].
  template <class T>
  void pack(std::int64_t panel, const T* rows, std::int64_t stride, const double* shift,
            double* sums);
  const double* panel(std::int64_t index) const {
    return values_.data() + index * most_rows_ * kWidth;
  }

 private:
  std::int64_t most_rows_, columns_, rows_ = 0;
  std::vector<double> values_;
};

/// Whether this processor can run add_gram_tile (AVX-512).
bool has_gram_kernel();

/// Adds Σ_k x_ki·x_kj to product[i·stride + j] for the columns i of panels [row_panel, row_end) and
/// j of [column_panel, column_end); columns beyond the last are not touched. Only where
/// has_gram_kernel(). With `upper`, panels below the diagonal are left out. LibTorch's
/// own product takes AVX2 on AMD processors and is half as fast.
struct GramTile {
  std::int64_t row_panel = 0, row_end = 0;
  std::int64_t column_panel = 0, column_end = 0;
  bool upper = false;
};
void add_gram_tile(const ColumnPanels& panels, const GramTile& tile, double* product,
                   std::int64_t stride);

}  // namespace assay
