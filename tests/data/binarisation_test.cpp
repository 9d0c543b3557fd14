// SPDX-License-Identifier: Apache-2.0
#include "data/binarisation.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "data/batch_stream.h"
#include "data/split.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(Binarisation, DrawsAverageToTheGreyValues) {
  constexpr std::int64_t kDraws = 20000;
  const auto ramp = at::arange(256).to(at::kByte).view({1, 1, 1, 256});
  const auto drawn = binarise(ramp.expand({kDraws, 1, 1, 256}), 1);
  EXPECT_TRUE((drawn == 0).logical_or(drawn == 255).all().item<bool>());
  const auto mean = drawn.to(at::kDouble).mean(0).flatten() / 255.0;
  const auto p = at::arange(256).to(at::kDouble) / 255.0;
  // A Bernoulli mean's standard error is √(p(1−p)/n); of 256 the largest z is about 2.9.
  const auto error = (p * (1.0 - p) / static_cast<double>(kDraws)).sqrt();
  const auto middle = at::arange(1, 255);
  const auto z = ((mean - p) / error).index_select(0, middle);
  EXPECT_LT(z.abs().max().item<double>(), 4.5);
  // Bias of all values together: 254 independent z average to 0 ± 1/√254 = 0.063.
  EXPECT_LT(std::abs(z.mean().item<double>()), 0.25);
  // Spread: 254 values in 100 blocks of 200 draws each give 25,400 z, whose squares average to
  // 1 ± √(2.06/25400) = 0.009 (2.06: the mean of 2 + 1/(200p(1−p))).
  const auto blocks = drawn.to(at::kDouble).view({100, 200, 256}).mean(1) / 255.0;
  const auto block_error = (p * (1.0 - p) / 200.0).sqrt();
  const auto block_z = ((blocks - p) / block_error).index_select(1, middle);
  EXPECT_NEAR(block_z.square().mean().item<double>(), 1.0, 0.04);
  EXPECT_EQ(mean[0].item<double>(), 0.0);
  EXPECT_EQ(mean[255].item<double>(), 1.0);
}

Dataset pictures(Binarisation binarisation, std::uint64_t seed = 3) {
  return load_dataset(
      {.name = "generated_images", .count = 60, .seed = seed, .binarisation = binarisation});
}

TEST(Binarisation, StaticIsOneDrawThatTheSplitsDigestKnows) {
  const auto grey = pictures(Binarisation::kNone);
  const auto once = pictures(Binarisation::kStatic), again = pictures(Binarisation::kStatic);
  EXPECT_EQ(once.train.digest, again.train.digest);
  EXPECT_EQ(once.test.digest, again.test.digest);
  EXPECT_NE(once.train.digest, grey.train.digest);
  EXPECT_EQ(once.train.digest, split_digest(once.train.images, once.train.labels));
  EXPECT_TRUE(at::equal(once.train.labels, grey.train.labels));
  // White where the ground was white, and elsewhere as often as the grey value says.
  EXPECT_TRUE(
      at::equal(once.train.images.masked_select(grey.train.images == 0),
                at::zeros({(grey.train.images == 0).sum().item<std::int64_t>()}, at::kByte)));
  EXPECT_NEAR(once.train.images.to(at::kDouble).mean().item<double>(),
              grey.train.images.to(at::kDouble).mean().item<double>(), 3.0);
  EXPECT_FALSE(once.grey_images.defined());
  // Another seed of the data is another draw; the two splits have draws of their own.
  const auto flat = make_split(at::full({60, 1, 28, 28}, 128, at::kByte), at::Tensor());
  const auto drawn = [&](std::uint64_t seed) {
    Dataset dataset;
    dataset.train = dataset.test = flat;
    binarise(dataset, Binarisation::kStatic, seed);
    return dataset;
  };
  EXPECT_NE(drawn(1).train.digest, drawn(2).train.digest);
  EXPECT_NE(drawn(1).train.digest, drawn(1).test.digest);
}

TEST(Binarisation, StochasticScoresOneDrawAndTrainsOnGreyImages) {
  const auto grey = pictures(Binarisation::kNone);
  const auto fixed = pictures(Binarisation::kStatic);
  const auto fresh = pictures(Binarisation::kStochastic);
  EXPECT_EQ(fresh.test.digest, fixed.test.digest);
  EXPECT_EQ(fresh.train.digest, fixed.train.digest);
  EXPECT_TRUE(at::equal(training_source(fresh).images, grey.train.images));
  EXPECT_TRUE(at::equal(training_source(fixed).images, fixed.train.images));
  EXPECT_EQ(binarisation_protocol(fixed.binarisation), "static");
  EXPECT_EQ(binarisation_protocol(fresh.binarisation), "stochastic, reference drawn once");
  EXPECT_EQ(binarisation_protocol(grey.binarisation), "");
}

TEST(Binarisation, IsOfImagesAndOfKnownNames) {
  EXPECT_THAT(
      refusal([] { load_dataset({.name = "ring", .binarisation = Binarisation::kStatic}); }),
      HasSubstr("ring: dataset.binarisation is of images"));
  EXPECT_THAT(refusal([] { binarisation_named("dynamic"); }), HasSubstr("'stochastic'"));
}

// Every image is 40 % grey, with its number as label.
DataSplit grey_images(std::int64_t count) {
  return make_split(at::full({count, 1, 5, 5}, 102, at::kByte), at::arange(count));
}

TEST(StochasticBinarisation, DrawsAnExampleAnewWheneverItIsSeen) {
  constexpr std::int64_t kExamples = 20, kEpochs = 400;
  const auto split = grey_images(kExamples);
  BatchStream stream(split, {.batch_size = kExamples, .order_seed = 1, .binarisation_seed = 2});
  std::vector<at::Tensor> seen;
  for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const auto batch = stream.next();
    seen.push_back(batch.images.index_select(0, batch.labels.argsort()));
  }
  const auto all = at::stack(seen);
  EXPECT_TRUE((all.abs() == 1.0).all().item<bool>());
  EXPECT_FALSE(at::equal(seen[0], seen[1]));
  EXPECT_FALSE(at::equal(seen[0][0], seen[0][1]));
  // 200,000 coins of P = 0.4: their mean on [−1,1] is −0.2 ± 2√(0.24/2e5) = 0.0022.
  EXPECT_NEAR(all.to(at::kDouble).mean().item<double>(), -0.2, 0.01);
  // And each pixel by itself, 400 coins: ± 0.049, of 500 at most 4.5 times that.
  EXPECT_LT((all.to(at::kDouble).mean(0) + 0.2).abs().max().item<double>(), 0.22);
}

TEST(StochasticBinarisation, ABatchIsAFunctionOfItsNumberAndSeedAlone) {
  const auto split = grey_images(50);
  const BatchStreamOptions options{.batch_size = 8,
                                   .order_seed = 7,
                                   .augment_seed = 8,
                                   .horizontal_flip = true,
                                   .binarisation_seed = 9};
  BatchStream forwards(split, options);
  std::vector<Batch> batches;
  for (int i = 0; i < 20; ++i) batches.push_back(forwards.next());
  BatchStream jumping(split, options);
  for (const std::int64_t i : {19, 0, 13, 13, 6}) {
    jumping.seek(i);
    EXPECT_TRUE(at::equal(jumping.next().images, batches[static_cast<std::size_t>(i)].images)) << i;
  }
  auto other = options;
  other.binarisation_seed = 10;
  const auto changed = BatchStream(split, other).next();
  EXPECT_TRUE(at::equal(changed.labels, batches[0].labels));
  EXPECT_FALSE(at::equal(changed.images, batches[0].images));
}

}  // namespace
}  // namespace assay
