// SPDX-License-Identifier: Apache-2.0
#include "data/idx.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "core/file.h"
#include "data/class_names.h"
#include "data/gzip_reader.h"
#include "data/mnist.h"
#include "data/verify.h"
#include "gzipped.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(Idx, InflatesNoMoreThanItsHeaderDeclares) {
  const TemporaryFolder folder;
  // One picture, and a megabyte more that does not pack, the second half of which is cut off. Who
  // inflates to the end comes to the cut and complains of that.
  std::string bomb("\0\0\x08\x03\0\0\0\x01\0\0\0\x1C\0\0\0\x1C", 16);
  std::mt19937 noise(1);
  for (int i = 0; i < 1'000'000; ++i) bomb += static_cast<char>(noise());
  const auto packed = gzipped(bomb, 1);
  folder.write("train-images-idx3-ubyte.gz", packed.substr(0, packed.size() / 2));
  EXPECT_THAT(refusal([&] { verify_folder(folder.path()); }),
              HasSubstr("train-images-idx3-ubyte.gz: data go on after the 784 bytes"));
}

TEST(Idx, FilesAreKnownByTheirNamesWithDotsAndUnpacked) {
  const TemporaryFolder folder;
  const std::string labels("\0\0\x08\x01\0\0\0\x03\x02\x00\xFF", 11);
  folder.write("a-images-idx3-ubyte.gz", gzipped(two_images()));
  folder.write("b-images.idx3-ubyte", two_images());
  folder.write("c-labels-idx1-ubyte", labels);
  folder.write("d-labels.idx1-ubyte.gz", gzipped(labels));
  EXPECT_THAT(verify_folder(folder.path()),
              ElementsAre(HasSubstr("2 images of 3x2"), HasSubstr("2 images of 3x2"),
                          HasSubstr("3 labels"), HasSubstr("3 labels")));
}

TEST(Idx, AllBrokenFilesAreNamedAtOnce) {
  const TemporaryFolder folder;
  folder.write("a-idx3-ubyte", two_images().substr(0, 20));
  folder.write("b-idx1-ubyte", two_images());
  folder.write("c-idx3-ubyte", two_images());
  EXPECT_THAT(refusal([&] { verify_folder(folder.path()); }),
              AllOf(HasSubstr("a-idx3-ubyte: cut short"), HasSubstr("b-idx1-ubyte: its magic"),
                    Not(HasSubstr("c-idx3"))));
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

TEST(FashionMnist, IsFoundUnpackedAndUnderNamesWithDots) {
  const auto package = locate_fashion_mnist({});
  if (!package) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const TemporaryFolder folder;
  const auto unpack = [&](const std::string& from, const std::string& to) {
    folder.write(to, GzipReader(*package / from, "IDX file").read_to_end(1 << 30));
  };
  unpack("train-images-idx3-ubyte.gz", "train-images.idx3-ubyte");
  unpack("train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte");
  unpack("t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte");
  unpack("t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte");
  const auto dataset =
      load_fashion_mnist({.name = "fashion_mnist", .path = folder.path().string()});
  EXPECT_EQ(dataset.train.digest, load_fashion_mnist({}).train.digest);
  EXPECT_EQ(class_names({.name = "fashion_mnist"}).at(9), "Ankle boot");
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
  EXPECT_THAT(without, HasSubstr("name a folder with its four files"));
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
