// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "data/csv_images.h"
#include "data/handwritten_digits.h"
#include "data/orl_faces.h"
#include "data/pgm.h"
#include "data/split.h"
#include "data/verify.h"
#include "gzipped.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr CsvImages kTwoByTwo{.side = 2, .white = 16, .classes = 3};

TEST(CsvImages, ReadsPixelsAndTheClassBehindThem) {
  const TemporaryFolder folder;
  const std::string rows = "0,1,8,16,2\n16,15,0,0,0\r\n";
  for (const bool compressed : {true, false}) {
    const auto file = folder.write("x.csv.gz", compressed ? gzipped(rows) : rows);
    const auto read = read_csv_images(file, kTwoByTwo);
    ASSERT_EQ(read.images.sizes(), (at::IntArrayRef{2, 1, 2, 2}));
    // v · 255/16: 15.94, 127.5 (up) and 239.06.
    EXPECT_TRUE(at::equal(read.images.flatten(1),
                          at::tensor({0, 16, 128, 255, 255, 239, 0, 0}, at::kByte).view({2, 4})));
    EXPECT_TRUE(at::equal(read.labels, at::tensor({2L, 0L})));
  }
}

TEST(CsvImages, NamesTheLineThatIsWrongAndWhy) {
  const TemporaryFolder folder;
  const auto problem = [&](const std::string& content) {
    const auto file = folder.write("x.csv.gz", content);
    return refusal([&] { read_csv_images(file, kTwoByTwo); });
  };
  const std::string good = "0,1,8,16,2\n";
  EXPECT_THAT(problem(gzipped(good + "0,1,8,16\n")),
              AllOf(HasSubstr("x.csv.gz: line 2"), HasSubstr("4 values instead of 5 (2x2")));
  EXPECT_THAT(problem(good + good + "0,1,8,16,2,1\n"), HasSubstr("line 3: holds 6 values"));
  EXPECT_THAT(problem("0,1,17,16,2\n"), HasSubstr("'17' is no whole number from 0 to 16"));
  EXPECT_THAT(problem("0,1,-1,16,2\n"), HasSubstr("'-1' is no whole number"));
  EXPECT_THAT(problem("0,1,1.5,16,2\n"), HasSubstr("'1.5' is no whole number"));
  EXPECT_THAT(problem("0,1,,16,2\n"), HasSubstr("'' is no whole number"));
  EXPECT_THAT(problem("0,1,1,16,3\n"), HasSubstr("'3' is no whole number from 0 to 2"));
  EXPECT_THAT(problem(""), HasSubstr("holds no rows"));
  EXPECT_THAT(refusal([] { read_csv_images("/none.csv.gz", kTwoByTwo); }),
              HasSubstr("/none.csv.gz: no such file"));
}

TEST(CsvImages, RefusesDamagedGzipFiles) {
  const TemporaryFolder folder;
  std::string rows;
  for (int i = 0; i < 500; ++i) rows += std::to_string(i % 17) + ",1,8,16,2\n";
  const std::string whole = gzipped(rows);
  const auto problem = [&](const std::string& content) {
    const auto file = folder.write("x.csv.gz", content);
    return refusal([&] { read_csv_images(file, kTwoByTwo); });
  };
  EXPECT_EQ(problem(whole), "");
  EXPECT_THAT(problem(whole.substr(0, whole.size() / 2)), HasSubstr("decompressing failed"));
  std::string checksum = whole;
  checksum[checksum.size() - 6] ^= 1;  // of the CRC before the length
  EXPECT_THAT(problem(checksum), HasSubstr("incorrect data check)"));
}

const std::string kPgmHeader = "P5\n# by hand\n3 2\n255\n";

TEST(Pgm, ReadsPixelsThatLookLikeWhiteSpaceToo) {
  const auto picture = decode_pgm(kPgmHeader + "\n bcde", "x.pgm");
  ASSERT_EQ(picture.sizes(), (at::IntArrayRef{1, 2, 3}));
  EXPECT_TRUE(at::equal(picture[0][0], at::tensor({10, 32, 98}, at::kByte)));
}

TEST(Pgm, RefusesWhatIsNoWholeEightBitPicture) {
  const auto problem = [](const std::string& bytes) {
    return refusal([&] { decode_pgm(bytes, "x.pgm"); });
  };
  EXPECT_THAT(problem("P6\n3 2\n255\nabcdef"), HasSubstr("x.pgm: does not begin with 'P5'"));
  EXPECT_THAT(problem(""), HasSubstr("does not begin"));
  EXPECT_THAT(problem("P5"), HasSubstr("gives no width"));
  EXPECT_THAT(problem("P5 3"), HasSubstr("gives no height"));
  EXPECT_THAT(problem("P5 3 x 255\nabcdef"), HasSubstr("gives no height"));
  EXPECT_THAT(problem("P5 0 2 255\nabcdef"), HasSubstr("gives no width"));
  EXPECT_THAT(problem("P5 -3 2 255\nabcdef"), HasSubstr("gives no width"));
  EXPECT_THAT(problem("P5 3 2 # open comment"), HasSubstr("gives no largest value"));
  EXPECT_THAT(problem("P5 3 2 65535\nabcdefabcdef"), HasSubstr("its largest value is 65535"));
  EXPECT_THAT(problem("P5 99999 2 255\nabc"), HasSubstr("sides over 16384"));
  EXPECT_THAT(problem("P5 3 2 255"), HasSubstr("header does not end"));
  EXPECT_THAT(problem("P5 3 2 255\nabcde"), HasSubstr("5 bytes follow the header"));
  EXPECT_THAT(problem("P5 3 2 255\nabcdefg"), HasSubstr("7 bytes follow the header"));
}

TEST(Split, TakesEveryNthRowOfAClassForTesting) {
  const auto labels = at::tensor({7L, 7L, 3L, 7L, 3L, 7L, 3L});
  const auto rows = split_within_classes(labels, 2);
  EXPECT_EQ(rows.test, (std::vector<std::int64_t>{1, 4, 5}));
  EXPECT_EQ(rows.train, (std::vector<std::int64_t>{0, 2, 3, 6}));
}

TEST(FetchedSets, SayTheOneCommandThatGetsThem) {
  const TemporaryFolder folder;
  for (const std::string name : {"mnist_5k", "digits", "orl_faces"}) {
    const DatasetRequest request{.name = name, .path = folder.path().string()};
    EXPECT_THAT(refusal([&] { load_dataset(request); }),
                AllOf(HasSubstr(folder.path().string()), HasSubstr("no such file"),
                      HasSubstr("`ci/setup --data " + name + "`")));
  }
}

TEST(FetchedSets, RefuseForeignFiles) {
  const TemporaryFolder folder;
  folder.write("mnist_5k.csv.gz", gzipped("0,1\n"));
  folder.write("digits.csv.gz", gzipped("0,1\n"));
  const std::string path = folder.path().string();
  EXPECT_THAT(refusal([&] { load_dataset({.name = "mnist_5k", .path = path}); }),
              AllOf(HasSubstr("is not the file of mnist_5k"),
                    HasSubstr("instead of 846f6cad587fea3877f6e0fe0a1968df")));
  EXPECT_THAT(refusal([&] { load_dataset({.name = "digits", .path = path}); }),
              HasSubstr("instead of 09f66e6debdee2cd2b5ae59e0d6abbb73"));
  folder.write("s1/1.pgm", kPgmHeader + "abcdef");
  EXPECT_THAT(refusal([&] { load_dataset({.name = "orl_faces", .path = path}); }),
              HasSubstr("s1/1.pgm: is 3x2 instead of 92x112"));
  const std::string black = "P5\n92 112\n255\n" + std::string(92 * 112, '\0');
  for (int person = 1; person <= 40; ++person) {
    for (int picture = 1; picture <= 10; ++picture) {
      folder.write("s" + std::to_string(person) + "/" + std::to_string(picture) + ".pgm", black);
    }
  }
  EXPECT_THAT(refusal([&] { load_dataset({.name = "orl_faces", .path = path}); }),
              HasSubstr("are not those of ORL"));
}

// Sums of all values by NumPy from the packages' files, the split made there by the same rule.
TEST(FetchedSets, Mnist5kIsTheOneOfMlxtend) {
  if (!locate_mnist_5k({})) GTEST_SKIP() << "absent; get it with `ci/setup --data mnist_5k`";
  const auto dataset = load_dataset({.name = "mnist_5k"});
  ASSERT_EQ(dataset.train.images.sizes(), (at::IntArrayRef{4000, 1, 28, 28}));
  ASSERT_EQ(dataset.test.images.sizes(), (at::IntArrayRef{1000, 1, 28, 28}));
  EXPECT_EQ(dataset.train.images.sum().item<std::int64_t>(), 104848804);
  EXPECT_EQ(dataset.test.images.sum().item<std::int64_t>(), 26418298);
  EXPECT_TRUE(at::equal(dataset.test.labels.bincount(), at::full({10}, 100, at::kLong)));
}

TEST(FetchedSets, DigitsAreThoseOfScikitLearn) {
  if (!locate_digits({})) GTEST_SKIP() << "absent; get it with `ci/setup --data digits`";
  const auto dataset = load_dataset({.name = "digits"});
  ASSERT_EQ(dataset.train.images.sizes(), (at::IntArrayRef{1442, 1, 8, 8}));
  ASSERT_EQ(dataset.test.images.sizes(), (at::IntArrayRef{355, 1, 8, 8}));
  EXPECT_EQ(dataset.train.images.sum().item<std::int64_t>(), 7182008);
  EXPECT_EQ(dataset.test.images.sum().item<std::int64_t>(), 1771793);
  EXPECT_TRUE(at::equal(dataset.test.labels.slice(0, 0, 5), at::tensor({5L, 0L, 9L, 8L, 7L})));
  EXPECT_EQ(load_dataset({.name = "digits", .size = 16}).test.images.size(3), 16);
}

TEST(FetchedSets, OrlFacesAreThoseOfNimfa) {
  const auto folder = locate_orl_faces({});
  if (!folder) GTEST_SKIP() << "absent; get it with `ci/setup --data orl_faces`";
  const auto dataset = load_dataset({.name = "orl_faces"});
  ASSERT_EQ(dataset.train.images.sizes(), (at::IntArrayRef{320, 1, 112, 92}));
  ASSERT_EQ(dataset.test.images.sizes(), (at::IntArrayRef{80, 1, 112, 92}));
  EXPECT_EQ(dataset.train.images.sum().item<std::int64_t>(), 371220430);
  EXPECT_EQ(dataset.test.images.sum().item<std::int64_t>(), 92999648);
  EXPECT_TRUE(at::equal(dataset.test.labels.slice(0, 0, 4), at::tensor({0L, 0L, 1L, 1L})));
  // s8/10.pgm, one of two where a pair of bytes was in the picture before CRs were put in.
  EXPECT_EQ(dataset.test.images[15].sum().item<std::int64_t>(), 1272998);
  const auto square = load_dataset({.name = "orl_faces", .size = 64});
  EXPECT_EQ(square.train.images.sizes(), (at::IntArrayRef{320, 1, 64, 64}));
  EXPECT_THAT(verify_folder(*folder).front(), HasSubstr("400 faces"));
}

}  // namespace
}  // namespace assay
