// SPDX-License-Identifier: Apache-2.0
#include "data/image_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "data/cifar10.h"
#include "data/class_names.h"
#include "data/png.h"
#include "data/split.h"
#include "data/verify.h"
#include "temporary_folder.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string flat_png(std::int64_t width, std::int64_t height, int level,
                     std::int64_t channels = 1) {
  return encode_png(at::full({channels, height, width}, level, at::kByte));
}

TEST(ImageFolder, TakesSubfoldersAsClassesInTheOrderOfTheirNames) {
  const TemporaryFolder folder;
  folder.write("dog/2.png", flat_png(4, 4, 12));
  folder.write("dog/1.PNG", flat_png(4, 4, 11));
  folder.write("cat/9.png", flat_png(4, 4, 20));
  folder.write("cat/notes.txt", "not an image");
  folder.write("cat/.hidden.png", "not an image");
  folder.write("empty/readme", "no class");
  const auto all = read_image_folder(folder.path(), 0, 0);
  EXPECT_THAT(all.listing.names, ElementsAre("cat/9.png", "dog/1.PNG", "dog/2.png"));
  EXPECT_THAT(all.listing.classes, ElementsAre("cat", "dog"));
  EXPECT_TRUE(at::equal(all.labels, at::tensor({0L, 1L, 1L})));
  EXPECT_TRUE(at::equal(all.images.select(1, 0).select(1, 3).select(1, 3),
                        at::tensor({20, 11, 12}, at::kByte)));
}

TEST(ImageFolder, TakesFoldersThatAreNumbersInTheOrderOfTheNumbers) {
  const TemporaryFolder folder;
  for (int i = 0; i < 12; ++i) {
    folder.write(fmt::format("{}/a.png", i), flat_png(4, 4, 20 * i));
  }
  const auto all = read_image_folder(folder.path(), 0, 0);
  EXPECT_THAT(all.listing.classes,
              ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"));
  EXPECT_TRUE(
      at::equal(all.images.select(1, 0).select(1, 0).select(1, 0).to(at::kLong), all.labels * 20));
}

TEST(ImageFolder, TakesNumbersAsNamesWhereTwoAreOneNumberOrOneIsNone) {
  EXPECT_THAT(in_class_order({"2", "10", "1"}), ElementsAre("1", "2", "10"));
  EXPECT_THAT(in_class_order({"2", "10", "x"}), ElementsAre("10", "2", "x"));
  EXPECT_THAT(in_class_order({"02", "10", "2"}), ElementsAre("02", "10", "2"));
  EXPECT_THAT(in_class_order({"2", "-10"}), ElementsAre("-10", "2"));
}

TEST(ImageFolder, AClassIsAllBelowItsFolderHoweverDeep) {
  const TemporaryFolder folder;
  folder.write("cat/a.png", flat_png(4, 4, 20));
  folder.write("dog/2024/05/b.png", flat_png(4, 4, 30));
  folder.write("dog/2023/c.png", flat_png(4, 4, 40));
  const auto all = read_image_folder(folder.path(), 0, 0);
  EXPECT_THAT(all.listing.names, ElementsAre("cat/a.png", "dog/2023/c.png", "dog/2024/05/b.png"));
  EXPECT_TRUE(at::equal(all.labels, at::tensor({0L, 1L, 1L})));
}

TEST(ImageFolder, NamesLinksThatLeadBackToThemselvesOrAbove) {
  const TemporaryFolder folder;
  folder.write("cat/a.png", flat_png(4, 4, 20));
  std::filesystem::create_symlink("z.png", folder.path() / "z.png");
  EXPECT_THAT(refusal([&] { list_images(folder.path()); }),
              AllOf(HasSubstr("z.png"), HasSubstr("leads back to itself")));
  std::filesystem::remove(folder.path() / "z.png");
  std::filesystem::create_directory_symlink("..", folder.path() / "cat/again");
  EXPECT_THAT(refusal([&] { list_images(folder.path()); }),
              AllOf(HasSubstr("again"), HasSubstr("which holds it")));
  std::filesystem::remove(folder.path() / "cat/again");
  // A link to a folder beside it is no loop.
  std::filesystem::create_directory_symlink("cat", folder.path() / "felis");
  EXPECT_THAT(list_images(folder.path()).names, ElementsAre("cat/a.png", "felis/a.png"));
}

TEST(ImageFolder, RefusesPicturesOfOtherFormatsAndCountsOtherFiles) {
  const TemporaryFolder folder;
  folder.write("a.png", flat_png(4, 4, 20));
  folder.write("notes.txt", "");
  folder.write("Thumbs.db", "");
  EXPECT_EQ(list_images(folder.path()).other_files, 2);
  for (const char* name : {"b.webp", "c.WEBP", "d.tif"}) folder.write(name, "");
  EXPECT_THAT(refusal([&] { list_images(folder.path()); }),
              HasSubstr("3 of its 4 pictures are in formats that are not read (1 .tif as d.tif, 2 "
                        ".webp as b.webp)"));
}

TEST(ImageFolder, SaysThatHiddenOnesWerePassedOver) {
  const TemporaryFolder folder;
  for (int i = 0; i < 4; ++i) folder.write(fmt::format("{}.png", i), flat_png(4, 4, 20 + 30 * i));
  folder.write(".hidden.png", flat_png(4, 4, 20));
  folder.write(".thumbs/0.png", flat_png(4, 4, 20));
  EXPECT_THAT(passed_over(list_images(folder.path())),
              ElementsAre("2 hidden files or folders were passed over"));
}

TEST(ImageFolder, NamesSubfoldersWithoutAPicture) {
  const TemporaryFolder folder;
  for (int i = 0; i < 6; ++i) {
    folder.write(fmt::format("{}/a{}.png", i % 2 == 0 ? "ape" : "cat", i), flat_png(4, 4, 20 * i));
  }
  const auto read = [&] {
    return load_dataset({.name = "image_folder", .path = folder.path().string()});
  };
  EXPECT_THAT(read().passed_over, ElementsAre());
  // Between two classes, below one, and one that holds a folder.
  folder.write("bat/readme", "");
  std::filesystem::create_directories(folder.path() / "cat" / "kittens");
  std::filesystem::create_directories(folder.path() / "eel" / "2024");
  const Dataset dataset = read();
  EXPECT_THAT(dataset.passed_over, ElementsAre("no picture lies in bat, eel, which are no classes",
                                               "1 file that is no picture was passed over"));
  EXPECT_EQ(dataset.classes, 2);
  EXPECT_THAT(class_names({.name = "image_folder", .path = folder.path().string()}),
              ElementsAre("ape", "cat"));
  EXPECT_THAT(verify_folder(folder.path()), ElementsAre(HasSubstr("no picture lies in bat, eel")));
}

TEST(ImageFolder, RefusesBytesOfZeroAndOneAsADataSet) {
  const TemporaryFolder folder;
  for (int i = 0; i < 4; ++i) folder.write(fmt::format("{}.png", i), flat_png(4, 4, i % 2));
  const auto load = [&] { load_dataset({.name = "image_folder", .path = folder.path().string()}); };
  EXPECT_THAT(refusal(load), HasSubstr("the largest value of all its pixels is 1"));
  folder.write("4.png", flat_png(4, 4, 2));
  EXPECT_EQ(refusal(load), "");
}

TEST(ImageFolder, RefusesPicturesOfOneValueAsADataSet) {
  const TemporaryFolder folder;
  const auto load = [&] { load_dataset({.name = "image_folder", .path = folder.path().string()}); };
  const auto write = [&](int level) {
    for (int i = 0; i < 4; ++i) folder.write(fmt::format("{}.png", i), flat_png(4, 4, level));
  };
  write(0);
  EXPECT_THAT(refusal(load), AllOf(HasSubstr("every pixel of all its pictures is 0"),
                                   HasSubstr("multiplied by 255")));
  write(255);
  EXPECT_THAT(refusal(load), HasSubstr("every pixel of all its pictures is 255"));
  folder.write("3.png", flat_png(4, 4, 254));
  EXPECT_EQ(refusal(load), "");
}

TEST(ImageFolder, NamesTheOddOnesAmongMixedSizes) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png", "c.png"}) folder.write(name, flat_png(4, 4, 1));
  folder.write("odd.png", flat_png(5, 4, 1));
  folder.write("red.png", flat_png(4, 4, 1, 3));
  EXPECT_THAT(refusal([&] { read_image_folder(folder.path(), 0, 0); }),
              AllOf(HasSubstr("most are 4x4, 1 channel, but 2 are not"),
                    HasSubstr("odd.png (5x4, 1 channel), red.png (4x4, 3 channels)"),
                    HasSubstr("dataset.size")));
  EXPECT_EQ(read_image_folder(folder.path(), 4, 1).images.sizes(), (at::IntArrayRef{5, 1, 4, 4}));
}

TEST(ImageFolder, RefusesLinksThatLeaveTheFolder) {
  const TemporaryFolder folder;
  const auto outside = folder.write("secret/x.png", flat_png(4, 4, 1));
  folder.write("images/a.png", flat_png(4, 4, 1));
  std::filesystem::create_symlink(outside, folder.path() / "images/link.png");
  EXPECT_THAT(refusal([&] { list_images(folder.path() / "images"); }),
              AllOf(HasSubstr("link.png"), HasSubstr("is outside")));
  std::filesystem::remove(folder.path() / "images/link.png");
  std::filesystem::remove(folder.path() / "images/a.png");
  std::filesystem::create_directory_symlink(folder.path() / "secret", folder.path() / "images/c");
  EXPECT_THAT(refusal([&] { list_images(folder.path() / "images"); }), HasSubstr("is outside"));
  std::filesystem::remove(folder.path() / "images/c");
  std::filesystem::create_symlink("/nowhere.png", folder.path() / "images/b.png");
  EXPECT_THAT(refusal([&] { list_images(folder.path() / "images"); }),
              HasSubstr("link to nothing"));
}

TEST(ImageFolder, RefusesEmptyMixedDamagedAndMissingFolders) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal([&] { list_images(folder.path()); }), HasSubstr("holds no .png"));
  folder.write("a.png", flat_png(4, 4, 1));
  folder.write("class/b.png", flat_png(4, 4, 1));
  EXPECT_THAT(refusal([&] { list_images(folder.path()); }), HasSubstr("sub-folder class"));
  std::filesystem::remove_all(folder.path() / "class");
  folder.write("b.png", "GIF89a");
  folder.write("c.png", "GIF89a");
  EXPECT_THAT(refusal([&] { verify_folder(folder.path()); }),
              AllOf(HasSubstr("b.png"), HasSubstr("c.png")));
  EXPECT_THAT(refusal([] { load_dataset({.name = "image_folder", .path = "/none"}); }),
              HasSubstr("/none: no such folder"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "image_folder"}); }), HasSubstr("dataset.path"));
}

TEST(ImageFolder, IsVerifiedWithTheNamesOfOddSizes) {
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) folder.write(std::to_string(i) + ".png", flat_png(8, 6, i));
  EXPECT_THAT(verify_folder(folder.path()),
              ElementsAre("3 images of 8x6, grey, no classes: fine, all decode"));
  folder.write("odd.png", flat_png(4, 6, 1));
  EXPECT_THAT(verify_folder(folder.path()), ElementsAre(HasSubstr("but not odd.png (")));
}

TEST(ImageFolder, LoadsAsADatasetWithBothSplits) {
  const TemporaryFolder folder;
  for (int i = 0; i < 30; ++i) folder.write(std::to_string(i) + ".png", flat_png(8, 6, i));
  const auto dataset = load_dataset(
      {.name = "image_folder", .path = folder.path().string(), .size = 4, .channels = 3});
  EXPECT_EQ(dataset.train.size() + dataset.test.size(), 30);
  EXPECT_GE(dataset.test.size(), 1);
  EXPECT_EQ(dataset.train.images.sizes().slice(1), (at::IntArrayRef{3, 4, 4}));
  EXPECT_EQ(dataset.classes, 0);
}

TEST(Split, ATenthIsForTestingAndNewFilesMoveNoOldOnes) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("image_" + std::to_string(i));
  const auto before = split_by_name(names, "x");
  // 200 expected, standard deviation √(2000 · 0.1 · 0.9) = 13.4.
  EXPECT_NEAR(static_cast<double>(before.test.size()), 200.0, 54.0);
  for (int i = 2000; i < 2500; ++i) names.push_back("image_" + std::to_string(i));
  const auto after = split_by_name(names, "x");
  const std::set<std::int64_t> tested(after.test.begin(), after.test.end());
  for (const auto row : before.test) EXPECT_TRUE(tested.contains(row)) << row;
  for (const auto row : before.train) EXPECT_FALSE(tested.contains(row)) << row;
}

TEST(Split, NeitherSideIsEmptyHoweverFewTheFiles) {
  for (int i = 0; i < 50; ++i) {
    const auto rows = split_by_name({fmt::format("a{}", i), fmt::format("b{}", i)}, "x");
    EXPECT_EQ(rows.test.size(), 1U);
    EXPECT_EQ(rows.train.size(), 1U);
  }
  EXPECT_THAT(refusal([] { split_by_name({"a"}, "folder"); }), HasSubstr("at least two"));
}

TEST(Split, HoldsRowsOnceInTheirOrderAndInTheMemoryTheyLayIn) {
  const auto images = at::arange(40 * 12).remainder(251).to(at::kByte).view({40, 3, 2, 2});
  const auto labels = at::arange(40, at::kLong);
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back(std::to_string(i));
  const auto rows = split_by_name(names, "x");
  const auto expected = images.index_select(0, at::tensor(rows.train, at::kLong));
  const auto held_out = images.index_select(0, at::tensor(rows.test, at::kLong));
  const void* memory = images.const_data_ptr();
  const auto [train, test] = apply_split(images, labels, rows);
  EXPECT_TRUE(at::equal(train.images, expected));
  EXPECT_TRUE(at::equal(test.images, held_out));
  EXPECT_TRUE(at::equal(train.labels, at::tensor(rows.train, at::kLong)));
  EXPECT_TRUE(at::equal(test.labels, at::tensor(rows.test, at::kLong)));
  EXPECT_EQ(train.digest, split_digest(expected, train.labels));
  EXPECT_EQ(test.digest, split_digest(held_out, test.labels));
  EXPECT_EQ(train.images.const_data_ptr(), memory);
  EXPECT_EQ(test.images.const_data_ptr(), static_cast<const char*>(memory) + train.images.nbytes());
}

TEST(Split, OfRowsOutOfOrderOrMissingIsRefused) {
  const auto images = at::zeros({3, 1, 2, 2}, at::kByte);
  EXPECT_THROW(apply_split(images, {}, {{1, 0}, {2}}), c10::Error);
  EXPECT_THROW(apply_split(images, {}, {{0}, {2}}), c10::Error);
}

TEST(Split, DigestSeesShapeTypeImagesAndLabels) {
  const auto images = at::zeros({2, 1, 2, 2}, at::kByte);
  const auto labels = at::zeros({2}, at::kLong);
  const std::set<std::string> digests{
      split_digest(images, labels), split_digest(images, {}), split_digest(images, labels + 1),
      split_digest(images + 1, labels), split_digest(images.view({2, 1, 4, 1}), labels)};
  EXPECT_EQ(digests.size(), 5U);
}

std::string cifar_record(char label, char red, char green, char blue) {
  return std::string(1, label) + std::string(1024, red) + std::string(1024, green) +
         std::string(1024, blue);
}

TEST(Cifar10, ReadsRecordsOfLabelAndThreePlanes) {
  const TemporaryFolder folder;
  const auto record = cifar_record(9, 1, 2, 3);
  for (int i = 1; i <= 5; ++i) folder.write("data_batch_" + std::to_string(i) + ".bin", record);
  folder.write("test_batch.bin", record + cifar_record(0, 4, 5, 6));
  const auto dataset = load_dataset({.name = "cifar10", .path = folder.path().string()});
  EXPECT_EQ(dataset.train.images.sizes(), (at::IntArrayRef{5, 3, 32, 32}));
  EXPECT_TRUE(at::equal(dataset.test.labels, at::tensor({9L, 0L})));
  EXPECT_EQ((dataset.test.images[1][2][31][31].item<int>()), 6);
  EXPECT_EQ((dataset.test.images[0][1][0][0].item<int>()), 2);
}

TEST(Cifar10, RefusesTruncationForeignLabelsAndMissingFiles) {
  const TemporaryFolder folder;
  const auto record = cifar_record(3, 1, 2, 3);
  for (std::size_t length = 0; length < record.size(); length += 97) {
    const auto file = folder.write("test_batch.bin", record.substr(0, length));
    EXPECT_THAT(refusal([&] { read_cifar10_file(file); }), HasSubstr("test_batch.bin")) << length;
  }
  const auto file = folder.write("test_batch.bin", cifar_record(10, 1, 2, 3));
  EXPECT_THAT(refusal([&] { read_cifar10_file(file); }), HasSubstr("the label 10"));
  EXPECT_THAT(refusal([&] { load_dataset({.name = "cifar10", .path = folder.path().string()}); }),
              HasSubstr("data_batch_1.bin: no such file"));
}

}  // namespace
}  // namespace assay
