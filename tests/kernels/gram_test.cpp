// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/gram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>

#include "core/random.h"

namespace assay {
namespace {

TEST(ColumnPanels, HoldRowsSideBySideLessTheirShift) {
  // 2 × 17 numbers: one full panel and one of a single column.
  std::vector<float> rows(34);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i);
  std::vector<double> shift(17, 0.5), sums(17, 1.0);
  ColumnPanels panels(4, 17);
  panels.set_rows(2);
  for (std::int64_t p = 0; p < panels.panels(); ++p) {
    panels.pack(p, rows.data(), 17, shift.data(), sums.data());
  }
  EXPECT_EQ(panels.panels(), 2);
  EXPECT_EQ(panels.panel(0)[3], 2.5);
  EXPECT_EQ(panels.panel(0)[16 + 3], 19.5);
  EXPECT_EQ(panels.panel(1)[0], 15.5);
  EXPECT_EQ(panels.panel(1)[1], 0.0);
  EXPECT_EQ(sums[3], 1.0 + 2.5 + 19.5);
  EXPECT_EQ(sums[16], 1.0 + 15.5 + 32.5);
}

TEST(GramTile, AddsTheProductsOfColumnsWithColumns) {
  if (!has_gram_kernel()) GTEST_SKIP() << "this processor has no AVX-512";
  // 37 columns: ragged panels. 300 rows: more than one pass of 256.
  constexpr std::int64_t kRows = 300, kColumns = 37;
  RandomStream random(1);
  std::vector<double> rows(static_cast<std::size_t>(kRows * kColumns));
  for (double& value : rows) value = random.normal();
  const std::vector<double> shift(static_cast<std::size_t>(kColumns), 0.0);
  std::vector<double> sums(shift);
  ColumnPanels panels(kRows, kColumns);
  panels.set_rows(kRows);
  for (std::int64_t p = 0; p < panels.panels(); ++p) {
    panels.pack(p, rows.data(), kColumns, shift.data(), sums.data());
  }
  constexpr std::int64_t kStride = kColumns + 3;
  std::vector<double> product(static_cast<std::size_t>(kColumns * kStride), 1.0);
  add_gram_tile(panels, {0, panels.panels(), 1, panels.panels()}, product.data(), kStride);
  for (std::int64_t i = 0; i < kColumns; ++i) {
    for (std::int64_t j = 0; j < kStride; ++j) {
      double expected = 1.0;
      for (std::int64_t k = 0; k < kRows && j >= 16 && j < kColumns; ++k) {
        expected += rows[static_cast<std::size_t>(k * kColumns + i)] *
                    rows[static_cast<std::size_t>(k * kColumns + j)];
      }
      EXPECT_NEAR(product[static_cast<std::size_t>(i * kStride + j)], expected, 1e-11)
          << i << " " << j;
    }
  }
}

TEST(GramTile, LeavesOutPanelsBelowTheDiagonal) {
  if (!has_gram_kernel()) GTEST_SKIP() << "this processor has no AVX-512";
  constexpr std::int64_t kColumns = 48;
  const std::vector<double> row(static_cast<std::size_t>(kColumns), 2.0);
  const std::vector<double> shift(static_cast<std::size_t>(kColumns), 0.0);
  std::vector<double> sums(shift);
  ColumnPanels panels(1, kColumns);
  panels.set_rows(1);
  for (std::int64_t p = 0; p < 3; ++p) panels.pack(p, row.data(), 0, shift.data(), sums.data());
  std::vector<double> product(static_cast<std::size_t>(kColumns * kColumns), 0.0);
  add_gram_tile(panels, {0, 3, 0, 3, /*upper=*/true}, product.data(), kColumns);
  for (std::int64_t i = 0; i < kColumns; ++i) {
    for (std::int64_t j = 0; j < kColumns; ++j) {
      const double expected = j / 16 >= i / 16 ? 4.0 : 0.0;
      EXPECT_EQ(product[static_cast<std::size_t>(i * kColumns + j)], expected) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace assay
