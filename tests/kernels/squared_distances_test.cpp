// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/squared_distances.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

// Of the triangle 3, 4, 5 and the origin.
TEST(SquaredDistances, OfATriangleAreThoseOfPythagoras) {
  const auto a = at::tensor({0.0, 0.0, 3.0, 0.0}, at::kDouble).view({2, 2});
  const auto b = at::tensor({3.0, 4.0, 0.0, 0.0, 3.0, 0.0}, at::kDouble).view({3, 2});
  const auto expected = at::tensor({25.0, 0.0, 9.0, 16.0, 9.0, 0.0}, at::kDouble).view({2, 3});
  EXPECT_TRUE(at::equal(squared_distances(a, b), expected));
  EXPECT_TRUE(at::equal(squared_distances_by_products(a, b), expected));
}

// By products the squares of 1e9 leave no digit of a distance of 1e-3.
TEST(SquaredDistances, ByDifferencesKeepSmallOnesFarFromTheOrigin) {
  const auto a = at::full({1, 3}, 1e9, at::kDouble);
  EXPECT_EQ(squared_distances(a, a).item<double>(), 0.0);
  const auto b = a + 0.001;
  const auto step = (b - a).flatten()[0].item<double>();
  EXPECT_DOUBLE_EQ(squared_distances(a, b).item<double>(), 3.0 * step * step);
  EXPECT_GE(squared_distances_by_products(a, b).item<double>(), 0.0);
}

}  // namespace
}  // namespace assay
