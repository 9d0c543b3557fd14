// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/matrix_product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "tests/kernels/direct_sum.h"
#include "tests/kernels/vector_unit_test.h"

namespace assay {
namespace {

using Matrix = MatrixProduct::Matrix;

// Sums of up to 1,100 products in f32, of numbers whose sum is about their root.
constexpr double kTolerance = 3e-6;

struct Shape {
  std::int64_t rows, depth, columns;
};

// Around the sizes of blocks, panels and vectors: 6 and 12 rows, 8, 16 and 32 columns, 8 and 512
// terms.
std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (const std::int64_t rows : {1, 5, 12, 31}) {
    for (const std::int64_t depth : {1, 16, 37, 1100}) {
      for (const std::int64_t columns : {1, 2, 3, 8, 16, 17, 32, 71}) {
        all.push_back({rows, depth, columns});
      }
    }
  }
  return all;
}

// Matrices with random numbers, each row by row or column by column.
struct Problem {
  Shape shape;
  std::vector<float> a, b, c, bias;
  MatrixProduct product;

  Problem(const Shape& s, bool turn_a, bool turn_b, bool turn_c, bool biased)
      : shape(s),
        a(drawn(s.rows * s.depth, 1)),
        b(drawn(s.depth * s.columns, 2)),
        c(static_cast<std::size_t>(s.rows * s.columns), NAN),
        bias(drawn(s.columns, 3)) {
    product = {.rows = s.rows,
               .depth = s.depth,
               .columns = s.columns,
               .a = matrix(a, s.rows, s.depth, turn_a),
               .b = matrix(b, s.depth, s.columns, turn_b),
               .c = matrix(c, s.rows, s.columns, turn_c),
               .bias = biased ? bias.data() : nullptr};
  }

  static Matrix matrix(std::vector<float>& numbers, std::int64_t rows, std::int64_t columns,
                       bool turned) {
    return turned ? Matrix{numbers.data(), 1, rows} : Matrix{numbers.data(), columns, 1};
  }
  static double at(const Matrix& m, std::int64_t i, std::int64_t j) {
    return static_cast<double>(m.data[i * m.row_stride + j * m.column_stride]);
  }

  // C by its definition, in the order in which it lies.
  std::vector<double> exact() const {
    std::vector<double> sums(c.size());
    for (std::int64_t i = 0; i < shape.rows; ++i) {
      for (std::int64_t j = 0; j < shape.columns; ++j) {
        double sum = product.bias != nullptr ? static_cast<double>(product.bias[j]) : 0.0;
        for (std::int64_t k = 0; k < shape.depth; ++k) {
          sum += at(product.a, i, k) * at(product.b, k, j);
        }
        const Matrix& to = product.c;
        sums[static_cast<std::size_t>(i * to.row_stride + j * to.column_stride)] = sum;
      }
    }
    return sums;
  }
};

class MatrixLoopsOf : public VectorUnitTest {
 protected:
  void SetUp() override {
    VectorUnitTest::SetUp();
    if (IsSkipped()) return;
    kernels_ = matrix_kernels(GetParam());
    ASSERT_NE(kernels_, nullptr);
  }
  const MatrixKernels* kernels_ = nullptr;
};

TEST_P(MatrixLoopsOf, MultiplyAsTheDefinitionWhateverTheShapeAndHoweverItLies) {
  for (const Shape& shape : shapes()) {
    for (int turned = 0; turned < 8; ++turned) {
      Problem problem(shape, (turned & 1) != 0, (turned & 2) != 0, (turned & 4) != 0,
                      /*biased=*/turned % 3 == 0);
      kernels_->multiply(problem.product);
      SCOPED_TRACE(testing::Message() << shape.rows << "x" << shape.depth << "x" << shape.columns
                                      << ", turned " << turned);
      expect_close(problem.c, problem.exact(), kTolerance);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(MatrixLoopsOf, WriteNothingBesideTheirMatrix) {
  // C is the left 17 of 40 columns and the upper 5 of 6 rows.
  Problem problem({5, 40, 17}, false, false, false, true);
  std::vector<float> wide(6 * 40, 7.0F);
  problem.product.c = {wide.data(), 40, 1};
  kernels_->multiply(problem.product);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (i % 40 >= 17 || i / 40 >= 5) {
      ASSERT_EQ(wide[i], 7.0F) << i;
    } else {
      ASSERT_NE(wide[i], 7.0F) << i;
    }
  }
}

// As forward, both gradients and a transposed result lie: which of a, b and c are turned.
struct Layout {
  bool a, b, c;
};
constexpr Layout kLayouts[] = {
    {false, true, false}, {false, false, false}, {true, false, false}, {true, false, true}};

void expect_the_same_bits_in_parts(const MatrixKernels& kernels, const Layout& layout) {
  for (const std::int64_t columns : {34, 71, 96}) {
    Problem whole({31, 64, columns}, layout.a, layout.b, layout.c, true),
        parts({31, 64, columns}, layout.a, layout.b, layout.c, true);
    kernels.multiply(whole.product);
    for (std::int64_t begin = 0; begin < columns; begin += 32) {
      auto some = columns_of(parts.product, begin, std::min(columns, begin + 32));
      auto upper = some, lower = some;
      upper.rows = 7;
      lower.rows = some.rows - 7;
      lower.a.data += 7 * some.a.row_stride;
      lower.c.data += 7 * some.c.row_stride;
      kernels.multiply(upper);
      kernels.multiply(lower);
    }
    EXPECT_EQ(whole.c, parts.c) << columns << " columns, turned " << layout.a << layout.b
                                << layout.c;
  }
}

TEST_P(MatrixLoopsOf, HaveTheSameBitsHoweverColumnsAndRowsAreSharedOut) {
  for (const Layout& layout : kLayouts) expect_the_same_bits_in_parts(*kernels_, layout);
}

TEST_P(MatrixLoopsOf, SumRowsAsTheDefinition) {
  for (const std::int64_t rows : {1, 3, 4, 101}) {
    for (const std::int64_t columns : {1, 7, 8, 33}) {
      const auto matrix = drawn(rows * columns, 4);
      std::vector<double> exact(static_cast<std::size_t>(columns), 0.0);
      for (std::size_t i = 0; i < matrix.size(); ++i) {
        exact[i % static_cast<std::size_t>(columns)] += static_cast<double>(matrix[i]);
      }
      std::vector<float> sums(exact.size(), NAN);
      kernels_->sum_rows(matrix.data(), rows, columns, sums.data());
      expect_close(sums, exact, kTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Units, MatrixLoopsOf, vector_units(), unit_name);

TEST(MatrixProduct, HasNoLoopsWithoutAVectorUnit) {
  EXPECT_EQ(matrix_kernels(VectorUnit::kNone), nullptr);
}

}  // namespace
}  // namespace assay
