// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/mnist.h"
#include "metrics/extractors/extractor.h"

namespace assay {
namespace {

// The committed weights are good enough to say how far apart clothes are.
TEST(FmnistCnn, ClassifiesMoreThanNinetyOnePercentOfTheTestImages) {
  if (!locate_fashion_mnist({})) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const DataSplit test = load_fashion_mnist({}).test;
  const Features found = make_extractor("fmnist-cnn")->extract(test.images);
  const double accuracy =
      found.logits.argmax(1).eq(test.labels).to(at::kDouble).mean().item<double>();
  RecordProperty("accuracy", std::to_string(accuracy));
  EXPECT_GT(accuracy, 0.91);
  EXPECT_LT(accuracy, 0.94);  // it never saw them
}

}  // namespace
}  // namespace assay
