// SPDX-License-Identifier: Apache-2.0
#include "data/idx.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "core/file.h"
#include "data/mnist.h"
#include "data/verify.h"
#include "gzipped.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

// Two images of 2 rows and 3 columns.
std::string two_images() {
  return {
      "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
      "abcdefghijkl",
      28};
}

TEST(Idx, ReadsImagesRowByRow) {
  const TemporaryFolder folder;
  for (const bool compressed : {true, false}) {
    const auto file =
        folder.write("x-idx3-ubyte.gz", compressed ? gzipped(two_images()) : two_images());
    const auto images = read_idx(file, IdxKind::kImages);
    EXPECT_EQ(images.sizes(), (at::IntArrayRef{2, 1, 2, 3}));
    EXPECT_EQ((images[1][0][1][2].item<int>()), 'l');
    EXPECT_EQ((images[0][0][1][0].item<int>()), 'd');
  }
}

TEST(Idx, ReadsLabels) {
  const TemporaryFolder folder;
  const auto file = folder.write("x", std::string("\0\0\x08\x01\0\0\0\x03\x02\x00\xFF", 11));
  EXPECT_TRUE(at::equal(read_idx(file, IdxKind::kLabels), at::tensor({2L, 0L, 255L})));
}

TEST(Idx, RefusesEveryTruncationByName) {
  const TemporaryFolder folder;
  const std::string whole = gzipped(two_images());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto file = folder.write("cut-idx3-ubyte.gz", whole.substr(0, length));
    EXPECT_THAT(refusal([&] { read_idx(file, IdxKind::kImages); }), HasSubstr("cut-idx3-ubyte.gz"))
        << length;
  }
}

TEST(Idx, RefusesEveryFlippedBitOfTheCompressedData) {
  const TemporaryFolder folder;
  const std::string whole = gzipped(two_images());
  for (std::size_t i = 10; i < whole.size(); ++i) {  // the first ten are gzip's own header
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    const auto file = folder.write("bad-idx3-ubyte.gz", damaged);
    EXPECT_NE(refusal([&] { read_idx(file, IdxKind::kImages); }), "") << i;
  }
}

TEST(Idx, RefusesWrongMagicImpossibleSizesAndExcessData) {
  const TemporaryFolder folder;
  const auto images = folder.write("images", two_images());
  EXPECT_THAT(refusal([&] { read_idx(images, IdxKind::kLabels); }),
              HasSubstr("magic number is 0x00000803 instead of 0x00000801"));
  const auto huge = folder.write(
      "huge", std::string("\0\0\x08\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16));
  EXPECT_THAT(refusal([&] { read_idx(huge, IdxKind::kImages); }), HasSubstr("impossible size"));
  // 2 GiB of pixels in a file of 20 bytes: refused before anything is allocated.
  const auto empty_promise = folder.write(
      "promise", std::string("\0\0\x08\x03\0\x08\0\0\0\0\0\x40\0\0\0\x40", 16) + "1234");
  EXPECT_THAT(refusal([&] { read_idx(empty_promise, IdxKind::kImages); }),
              HasSubstr("more than 20 compressed bytes can hold"));
  const auto longer = folder.write("longer", two_images() + "x");
  EXPECT_THAT(refusal([&] { read_idx(longer, IdxKind::kImages); }),
              HasSubstr("go on after the 12 bytes"));
  EXPECT_THAT(refusal([&] { read_idx(folder.path(), IdxKind::kImages); }),
              HasSubstr("no such file"));
}

TEST(Idx, RefusesAGzipBombInUnderASecond) {
  const TemporaryFolder folder;
  // The header of Fashion-MNIST's training images, then ten times as many bytes.
  std::string bomb("\0\0\x08\x03\0\0\xEA\x60\0\0\0\x1C\0\0\0\x1C", 16);
  bomb.append(470'000'000, '\0');
  folder.write("train-images-idx3-ubyte.gz", gzipped(bomb, 1));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(refusal([&] { verify_folder(folder.path()); }),
              HasSubstr("train-images-idx3-ubyte.gz: data go on after the 47040000 bytes"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(FashionMnist, IsTheDataSetThatIsKnownByItsFigures) {
  if (!locate_fashion_mnist({})) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const auto dataset = load_fashion_mnist({});
  ASSERT_EQ(dataset.train.images.sizes(), (at::IntArrayRef{60000, 1, 28, 28}));
  ASSERT_EQ(dataset.test.images.sizes(), (at::IntArrayRef{10000, 1, 28, 28}));
  // 6000 of each class, the first labels, and the mean and deviation that training recipes quote.
  EXPECT_TRUE(at::equal(dataset.train.labels.bincount(), at::full({10}, 6000, at::kLong)));
  EXPECT_TRUE(at::equal(dataset.train.labels.slice(0, 0, 5), at::tensor({9L, 0L, 0L, 3L, 0L})));
  const auto scaled = dataset.train.images.to(at::kFloat) / 255;
  EXPECT_NEAR(scaled.mean().item<double>(), 0.2860, 5e-5);
  EXPECT_NEAR(scaled.std().item<double>(), 0.3530, 5e-5);
  EXPECT_NE(dataset.train.digest, dataset.test.digest);
}

TEST(FashionMnist, SaysHowToGetAMissingOrForeignFile) {
  const TemporaryFolder folder;
  DatasetRequest request{.name = "fashion_mnist", .path = folder.path().string()};
  EXPECT_THAT(refusal([&] { load_dataset(request); }),
              HasSubstr("apt-get install dataset-fashion-mnist"));
  folder.write("train-images-idx3-ubyte.gz", gzipped(two_images()));
  EXPECT_THAT(refusal([&] { load_dataset(request); }),
              HasSubstr("instead of b0564c3eedabfbf835052cff8503ea42"));
}

TEST(Mnist, IsNotTakenForFashionMnistWhoseFilesHaveItsNames) {
  const TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte.gz", gzipped(two_images()));
  folder.write("train-labels-idx1-ubyte.gz", "labels of neither");
  ::setenv("ASSAY_DATA", folder.path().c_str(), 1);
  const auto mnist = locate_mnist({});
  const auto fashion_mnist = locate_fashion_mnist({});
  const auto without = refusal([] { load_dataset({.name = "mnist"}); });
  ::unsetenv("ASSAY_DATA");
  EXPECT_EQ(mnist, std::nullopt);
  EXPECT_NE(fashion_mnist, std::optional(folder.path()));
  EXPECT_THAT(without, HasSubstr("name a folder with its four .gz files"));
  EXPECT_EQ(locate_mnist({.path = folder.path().string()}), folder.path());
}

TEST(Verify, NamesKnownFilesAndRefusesAnEmptyFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal([&] { verify_folder(folder.path()); }), HasSubstr("holds no .png"));
  folder.write("a-idx3-ubyte.gz", gzipped(two_images()));
  const auto lines = verify_folder(folder.path());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("a-idx3-ubyte.gz: fine, 2 images of 3x2, SHA-256 "));
}

}  // namespace
}  // namespace assay
