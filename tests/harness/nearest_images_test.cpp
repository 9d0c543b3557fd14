// SPDX-License-Identifier: Apache-2.0
#include "harness/nearest_images.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "data/png.h"

namespace assay {
namespace {

at::Tensor noise(at::IntArrayRef sizes, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randint(0, 256, sizes, generator, at::TensorOptions(at::kByte));
}

// Whole numbers, one pair after another.
std::int64_t squared_distance(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kLong) - b.to(at::kLong)).square().sum().item<std::int64_t>();
}

TEST(NearestRows, AreThoseOfEveryPairInWholeNumbers) {
  // More rows than a block holds, and distances that f32 cannot tell apart.
  const auto a = noise({3, 1, 4, 5}, 1), b = noise({5000, 1, 4, 5}, 2);
  b[4700].copy_(a[1]);
  const auto rows = nearest_rows(a, b, 4);
  for (std::int64_t i = 0; i < 3; ++i) {
    std::vector<std::int64_t> distances, order(5000);
    for (std::int64_t j = 0; j < 5000; ++j) distances.push_back(squared_distance(a[i], b[j]));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t one, std::int64_t other) {
      return distances[static_cast<std::size_t>(one)] < distances[static_cast<std::size_t>(other)];
    });
    for (std::int64_t k = 0; k < 4; ++k) {
      EXPECT_EQ(rows[i][k].item<std::int64_t>(), order[static_cast<std::size_t>(k)]);
    }
  }
  EXPECT_EQ(rows[1][0].item<std::int64_t>(), 4700);
}

TEST(NearestRows, TakeTheFirstOfEquals) {
  const auto rows = nearest_rows(at::zeros({1, 2}, at::kByte), at::ones({6000, 2}, at::kByte), 3);
  EXPECT_TRUE(at::equal(rows, at::tensor({0, 1, 2}, at::kLong).unsqueeze(0)));
  EXPECT_ANY_THROW(nearest_rows(at::zeros({1, 2}, at::kByte), at::ones({2, 2}, at::kByte), 3));
}

TEST(NearestPicture, HasSamplesAboveWhatTheyResemble) {
  const auto training = noise({40, 1, 6, 6}, 3);
  const auto samples = training.index_select(0, at::tensor({30, 5}, at::kLong)).clone();
  const auto artifact = nearest_picture(samples, training);
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->kind, "nearest");
  const auto picture = decode_png(artifact->bytes, "here");
  ASSERT_EQ(picture.sizes(), (at::IntArrayRef{1, 4 * 8 - 2, 2 * 8 - 2}));
  // Copies of training images: each stands above itself.
  const auto top = picture.slice(1, 0, 6), below = picture.slice(1, 8, 14);
  EXPECT_TRUE(at::equal(top, below));
  EXPECT_TRUE(at::equal(top.slice(2, 8, 14), samples[1]));
  EXPECT_FALSE(at::equal(below, picture.slice(1, 16, 22)));
  EXPECT_FALSE(nearest_picture(at::Tensor(), training));
  EXPECT_FALSE(nearest_picture(samples, training.slice(0, 0, 2)));
}

}  // namespace
}  // namespace assay
