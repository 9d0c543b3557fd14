// SPDX-License-Identifier: Apache-2.0
#include "harness/sample_keeper.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <torch/types.h>
#include <cmath>

#include <string>

#include "data/batch_stream.h"
#include "families/sampling.h"
#include "kernels/pointwise/spread.h"
#include "tests/memory.h"

namespace assay {
namespace {

at::Tensor random_pixels(std::int64_t count, std::int64_t channels, std::int64_t side) {
  return at::randint(0, 256, {count, channels, side, side}, at::detail::createCPUGenerator(1),
                     at::kByte);
}

TEST(PixelSpread, IsThatOfAllImagesWhateverTheBatches) {
  const auto pixels = random_pixels(50, 3, 5);
  const double expected = spread(pixels.to(at::kDouble)).item<double>();
  for (const std::int64_t batch : {1, 7, 50}) {
    PixelSpread streamed;
    for (const auto& part : pixels.split(batch)) streamed.add(part);
    EXPECT_NEAR(streamed.value(), expected, 1e-12 * expected) << batch;
  }
  // Two images that differ by 100 levels everywhere: 50 from their mean.
  PixelSpread two;
  two.add(at::full({1, 3}, 20, at::kByte));
  two.add(at::full({1, 3}, 120, at::kByte));
  EXPECT_DOUBLE_EQ(two.value(), 50.0);
}

TEST(PixelSpread, OfImagesThatAreAllWhiteIsZeroWithoutOverflow) {
  // 100,000 squares of 255 need 33 bits.
  PixelSpread white;
  white.add(at::full({100000, 1}, 255, at::kByte));
  EXPECT_EQ(white.value(), 0.0);
  white.add(at::zeros({100000, 1}, at::kByte));
  EXPECT_DOUBLE_EQ(white.value(), 127.5);
}

TEST(FeatureStream, GivesTheBitsOfAllImagesAtOnceWhateverTheBatches) {
  // Blocks of 100 and of 32 images; the batches divide neither, or both.
  for (const std::string name : {"fmnist-cnn", "efficientnet-lite0", "pixels"}) {
    const auto extractor = make_extractor(name);
    const std::int64_t count = name == "efficientnet-lite0" ? 70 : 230;
    const auto pixels = random_pixels(count, 1, 28);
    const auto whole = extractor->extract(pixels);
    for (const std::int64_t batch : {1, 37, 64, 230}) {
      FeatureStream stream(*extractor, count, {});
      for (const auto& part : pixels.split(batch)) stream.add(part);
      const auto streamed = stream.finish();
      EXPECT_TRUE(at::equal(streamed.features, whole.features)) << name << " " << batch;
      ASSERT_EQ(streamed.logits.defined(), whole.logits.defined());
      if (whole.logits.defined()) {
        EXPECT_TRUE(at::equal(streamed.logits, whole.logits)) << name << " " << batch;
      }
    }
  }
}

TEST(FeatureStream, LeavesOutThePartsThatNobodyReads) {
  const auto extractor = make_extractor("fmnist-cnn");
  const auto pixels = random_pixels(50, 1, 28);
  FeatureStream stream(*extractor, 50, {}, {.logits = false, .spatial = false});
  stream.add(pixels);
  const auto features = stream.finish();
  EXPECT_TRUE(at::equal(features.features, extractor->extract(pixels).features));
  EXPECT_FALSE(features.logits.defined());
  EXPECT_FALSE(features.spatial.defined());
}

TEST(SampleKeeper, KeepsTheFirstOnesAndTheWholeOnlyWhereAsked) {
  const auto samples = at::rand({10, 1, 2, 2}, at::detail::createCPUGenerator(1)) * 2 - 1;
  SampleKeeper first({.count = 10, .shown = 5}), whole({.count = 10, .whole = true});
  for (const auto& part : samples.split(4)) {
    first.take(part);
    whole.take(part);
  }
  EXPECT_TRUE(at::equal(first.shown(), to_pixels(samples.narrow(0, 0, 5))));
  EXPECT_FALSE(first.whole().defined());
  EXPECT_TRUE(at::equal(whole.whole(), to_pixels(samples)));
  EXPECT_FALSE(whole.shown().defined());
}

TEST(SampleKeeper, KeepsPointsAsTheyAre) {
  const auto points = at::randn({6, 2}, at::detail::createCPUGenerator(1));
  SampleKeeper keeper({.count = 6});
  for (const auto& part : points.split(4)) keeper.take(part);
  EXPECT_TRUE(at::equal(keeper.whole(), points));
  EXPECT_EQ(keeper.spread(), spread(points).item<double>());
}

/// Grey images of 3x256x256: as large as those of the usual benchmarks, and made of nothing.
struct LargeImages : GenerativeModel {
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override { return {}; }
  void visit_state(StateVisitor&) override {}
  void sample(const SampleRequest& request) override {
    sample_in_batches(request, [](std::int64_t begin, std::int64_t end) {
      return at::full({end - begin, 3, 256, 256}, 0.001 * static_cast<double>(begin % 1000));
    });
  }
};

struct MeanColour : Extractor {
  Features extract(const at::Tensor& images, const std::function<void(std::int64_t)>&) override {
    return {images.to(at::kFloat).mean({2, 3}), {}};
  }
  std::int64_t block_size() const override { return 32; }
  Protocol protocol() const override { return {}; }
};

void draw(std::int64_t count) {
  LargeImages model;
  MeanColour extractor;
  SampleKeeper keeper({.count = count, .shown = 64, .extractor = &extractor});
  SampleRequest request;
  request.count = count;
  request.generator = at::detail::createCPUGenerator(1);
  request.batch_size = 50;
  request.sink = [&](const at::Tensor& samples) { keeper.take(samples); };
  model.sample(request);
  EXPECT_EQ(keeper.features().features.size(0), count);
}

TEST(SampleKeeper, MoreSamplesTakeNoMoreMemory) {
  draw(200);
  const auto before = resident_bytes_at_most();
  draw(1200);
  // A thousand more images are 197 MB as bytes, 786 MB as floats; blocks that the system's own
  // allocator keeps have come to 64 MB.
  EXPECT_LT(resident_bytes_at_most() - before, 100'000'000);
}

// As bytes they would be pixels like others.
TEST(SampleKeeper, RefusesWhatIsNotFinite) {
  SampleKeeper keeper({.count = 2, .shown = 2});
  EXPECT_THROW(keeper.take(at::full({2, 1, 4, 4}, NAN)), NonFiniteSamples);
  EXPECT_THROW(keeper.take(at::full({2, 2}, INFINITY)), NonFiniteSamples);
}

}  // namespace
}  // namespace assay
