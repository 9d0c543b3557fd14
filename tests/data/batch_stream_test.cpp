// SPDX-License-Identifier: Apache-2.0
#include "data/batch_stream.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "data/generated.h"
#include "data/split.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Image i has i in its first column and 100 + i in its second, and label i.
DataSplit numbered_images(std::int64_t count) {
  const auto column = at::arange(count).view({count, 1, 1, 1}).expand({count, 1, 2, 1});
  return make_split(at::cat({column, column + 100}, 3).to(at::kByte), at::arange(count));
}

std::vector<std::int64_t> labels_of(const Batch& batch) {
  const auto* data = batch.labels.const_data_ptr<std::int64_t>();
  return {data, data + batch.labels.numel()};
}

TEST(BatchStream, VisitsEveryExampleOncePerEpochInAnotherOrderEachTime) {
  const auto split = numbered_images(12);
  BatchStream stream(split, {.batch_size = 4, .order_seed = 1});
  ASSERT_EQ(stream.batches_per_epoch(), 3);
  std::vector<at::Tensor> epochs;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<at::Tensor> labels;
    for (int i = 0; i < 3; ++i) labels.push_back(stream.next().labels);
    epochs.push_back(at::cat(labels));
    EXPECT_TRUE(at::equal(std::get<0>(epochs.back().sort()), at::arange(12))) << epoch;
  }
  EXPECT_FALSE(at::equal(epochs[0], epochs[1]));
  EXPECT_FALSE(at::equal(epochs[1], epochs[2]));
}

TEST(BatchStream, BringsTheFactorsOfItsExamplesAndChangesNothingElse) {
  auto split = numbered_images(12);
  const BatchStreamOptions options = {.batch_size = 4, .order_seed = 1};
  BatchStream without(split, options);
  // Of image i: i and −i.
  split.factors = at::stack({split.labels, -split.labels}, 1);
  BatchStream with(split, options);
  for (int i = 0; i < 6; ++i) {
    const auto batch = with.next(), plain = without.next();
    EXPECT_TRUE(at::equal(batch.factors, at::stack({batch.labels, -batch.labels}, 1)));
    EXPECT_FALSE(plain.factors.defined());
    EXPECT_TRUE(at::equal(batch.images, plain.images));
  }
  split.factors = at::zeros({11, 2}, at::kLong);
  EXPECT_THROW(BatchStream(split, options), c10::Error);
}

TEST(BatchStream, KeepsPacksThatWereDrawnOnceAndShufflesThem) {
  const auto split = numbered_images(40);
  const auto epochs_of = [&](std::uint64_t seed) {
    BatchStream stream(
        split, {.batch_size = 10, .order_seed = 1, .resampled_packs = 2, .resample_seed = seed});
    EXPECT_EQ(stream.batches_per_epoch(), 8);  // 40 packs of 2
    std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> epochs(2);
    for (auto& packs : epochs) {
      for (int i = 0; i < 8; ++i) {
        const auto labels = labels_of(stream.next());
        for (std::size_t j = 0; j < labels.size(); j += 2) {
          packs.emplace_back(labels[j], labels[j + 1]);
        }
      }
    }
    return epochs;
  };
  auto epochs = epochs_of(5);
  EXPECT_NE(epochs[0], epochs[1]);
  std::set<std::int64_t> seen;
  for (auto& packs : epochs) std::sort(packs.begin(), packs.end());
  for (const auto& [first, second] : epochs[0]) seen.insert({first, second});
  EXPECT_EQ(epochs[0], epochs[1]);
  // Of 80 draws from 40, (1 − 1/40)^80 = 13 % of the examples are missed: 5.3 ± 1.8 of them.
  EXPECT_LT(seen.size(), 40U);
  EXPECT_GT(seen.size(), 25U);
  auto others = epochs_of(6);
  std::sort(others[0].begin(), others[0].end());
  EXPECT_NE(others[0], epochs[0]);
  EXPECT_THAT([&] { BatchStream(split, {.batch_size = 9, .resampled_packs = 2}); },
              ::testing::ThrowsMessage<Error>(HasSubstr("not train.batch_size = 9")));
}

TEST(BatchStream, PairsImagesWithTheirLabelsInModelRange) {
  const auto split = numbered_images(10);
  BatchStream stream(split, {.batch_size = 3, .order_seed = 4});
  const auto batch = stream.next();
  ASSERT_EQ(batch.images.sizes(), (at::IntArrayRef{3, 1, 2, 2}));
  const auto expected = batch.labels.to(at::kFloat) / 127.5 - 1.0;
  EXPECT_TRUE(at::allclose(batch.images.select(1, 0).select(1, 1).select(1, 0), expected, 0, 1e-6));
}

TEST(BatchStream, DropsTheLastPartialBatch) {
  const auto split = numbered_images(10);
  BatchStream stream(split, {.batch_size = 4, .order_seed = 1});
  EXPECT_EQ(stream.batches_per_epoch(), 2);
}

TEST(BatchStream, ABatchDependsOnItsNumberAloneForwardsBackwardsAndAfterSeeking) {
  const auto split = numbered_images(50);
  const BatchStreamOptions options{
      .batch_size = 8, .order_seed = 7, .augment_seed = 8, .horizontal_flip = true};
  BatchStream forwards(split, options);
  std::vector<Batch> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(forwards.next());
  BatchStream jumping(split, options);
  for (const std::int64_t i : {19, 0, 13, 13, 6, 5}) {
    jumping.seek(i);
    const auto expected = batches[static_cast<std::size_t>(i)];
    const auto batch = jumping.next();
    EXPECT_TRUE(at::equal(batch.images, expected.images)) << i;
    EXPECT_EQ(labels_of(batch), labels_of(expected)) << i;
  }
  EXPECT_TRUE(at::equal(jumping.next().labels, batches[6].labels));
}

TEST(BatchStream, ThreadCountChangesNothing) {
  const auto split = numbered_images(50);
  const int threads = at::get_num_threads();
  std::vector<at::Tensor> firsts;
  for (const int count : {1, 2}) {
    at::set_num_threads(count);
    BatchStream stream(split, {.batch_size = 16, .order_seed = 3});
    firsts.push_back(stream.next().images);
  }
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(firsts[0], firsts[1]));
}

TEST(BatchStream, OrderAndFlipsHaveSeedsOfTheirOwn) {
  const auto split = numbered_images(64);
  const auto first = [&](std::uint64_t order, std::uint64_t augment) {
    return BatchStream(split, {.batch_size = 64,
                               .order_seed = order,
                               .augment_seed = augment,
                               .horizontal_flip = true})
        .next();
  };
  EXPECT_FALSE(at::equal(first(1, 1).labels, first(2, 1).labels));
  EXPECT_TRUE(at::equal(first(1, 1).labels, first(1, 2).labels));
  EXPECT_FALSE(at::equal(first(1, 1).images, first(1, 2).images));
}

TEST(BatchStream, FlipsHalfOfTheImagesLeftToRight) {
  const auto split = numbered_images(100);
  BatchStream stream(split, {.batch_size = 100, .augment_seed = 3, .horizontal_flip = true});
  const auto batch = stream.next();
  const auto left = batch.images.select(1, 0).select(1, 0).select(1, 0);
  const auto right = batch.images.select(1, 0).select(1, 0).select(1, 1);
  // The second column is 100 brighter, so a flipped image is brighter on its left.
  const auto flipped = left.gt(right).sum().item<int>();
  EXPECT_NEAR(flipped, 50, 20);  // standard deviation 5
  EXPECT_TRUE(at::allclose((left - right).abs(), at::full({100}, 100 / 127.5), 0, 1e-5));
}

TEST(BatchStream, PassesPointsUnchangedAndWithoutLabels) {
  auto split = sample_modes(ring_modes(), 40, 1);
  split.labels = at::Tensor();
  BatchStream stream(split, {.batch_size = 40, .order_seed = 1});
  const auto batch = stream.next();
  EXPECT_FALSE(batch.labels.defined());
  EXPECT_TRUE(at::equal(std::get<0>(batch.images.select(1, 0).sort()),
                        std::get<0>(split.images.select(1, 0).sort())));
}

TEST(BatchStream, EndsCleanlyWhetherItsBatchesWereTakenOrNot) {
  const auto split = numbered_images(20);
  for (int i = 0; i < 200; ++i) {
    BatchStream stream(split, {.batch_size = 2});
    if (i % 2 == 0) stream.next();
    if (i % 3 == 0) stream.seek(i);
  }
}

TEST(BatchStream, RefusesABatchLargerThanTheSplit) {
  const auto split = numbered_images(3);
  EXPECT_THAT(refusal([&] { BatchStream(split, {.batch_size = 4}); }),
              HasSubstr("train.batch_size = 4 is more than the 3 training examples"));
}

TEST(ModelRange, HoldsEveryByteAndClampsBeyondItsEnds) {
  const auto bytes = at::arange(256).to(at::kByte);
  const auto range = to_model_range(bytes);
  EXPECT_EQ(range.min().item<float>(), -1.0F);
  EXPECT_EQ(range.max().item<float>(), 1.0F);
  EXPECT_TRUE(at::equal(to_pixels(range), bytes));
  // 0 lies at 127.5, halfway: to the even 128. Beyond the range: clamped.
  const auto images = at::tensor({0.0, 0.0, -7.0, 7.0}, at::kFloat);
  EXPECT_TRUE(at::equal(to_pixels(images), at::tensor({128, 128, 0, 255}, at::kByte)));
}

}  // namespace
}  // namespace assay
