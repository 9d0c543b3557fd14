// SPDX-License-Identifier: Apache-2.0
// What the list of extractors says of each, against what it does.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "core/error.h"
#include "metrics/extractors/extractor.h"

namespace assay {

void PrintTo(const ExtractorSource& source, std::ostream* out) { *out << source.name; }

namespace {

at::Tensor pictures(const std::vector<std::int64_t>& shape) {
  auto sizes = shape;
  sizes.insert(sizes.begin(), 3);
  return at::randint(0, 256, sizes, at::detail::createCPUGenerator(1),
                     at::TensorOptions(at::kByte));
}

class ExtractorContract : public ::testing::TestWithParam<ExtractorSource> {};

TEST_P(ExtractorContract, GivesWhatTheListSaysOfTheImagesItTakes) {
  const ExtractorSource& source = GetParam();
  std::unique_ptr<Extractor> extractor;
  try {
    extractor = source.make({});
  } catch (const Error& absent) {
    ASSERT_FALSE(source.brings_weights) << absent.what();
    GTEST_SKIP() << "its weights are the user's: " << absent.what();
  }
  const bool any = source.only_shape.empty();
  const auto images = pictures(any ? std::vector<std::int64_t>{1, 9, 7} : source.only_shape);
  const Features features = extractor->extract(images);
  EXPECT_EQ(features.features.size(0), 3);
  EXPECT_TRUE(at::isfinite(features.features).all().item<bool>());
  EXPECT_EQ(features.logits.defined(), source.gives_logits);
  EXPECT_EQ(features.spatial.defined(), source.gives_spatial);
  // The same rows alone, and again.
  const auto alone = extractor->extract(images.slice(0, 1, 2)).features;
  EXPECT_TRUE(alone.equal(features.features.slice(0, 1, 2)));
  EXPECT_EQ(extractor->protocol().at("extractor"), source.name);
  if (any) return;
  for (const auto& shape : {std::vector<std::int64_t>{3, 28, 28}, {1, 9, 7}}) {
    EXPECT_THROW(extractor->extract(pictures(shape)), Error) << shape;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, ExtractorContract, ::testing::ValuesIn(extractors()),
                         [](const auto& test) {
                           std::string label(test.param.name);
                           std::replace(label.begin(), label.end(), '-', '_');
                           return label;
                         });

}  // namespace
}  // namespace assay
