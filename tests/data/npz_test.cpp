// SPDX-License-Identifier: Apache-2.0
#include "data/npz_dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "data/npy.h"
#include "temporary_folder.h"
#include "tests/data/npy_by_hand.h"
#include "tests/memory.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string oracle(const std::string& name) {
  return std::string(ASSAY_SOURCE_DIR) + "/tests/oracle/" + name;
}

TEST(Npz, ReadsWhatNumpyWrote) {
  // Written by numpy.savez_compressed in tests/oracle/make_fixtures.py: G, H are integer grids
  // 0…3 and the first 30 rows of H are one row.
  const auto arrays = read_npz(oracle("features_small.npz"));
  ASSERT_EQ(arrays.size(), 7U);
  EXPECT_EQ(arrays.at("A").sizes(), (at::IntArrayRef{600, 64}));
  const auto& h = arrays.at("H");
  EXPECT_EQ(h.sizes(), (at::IntArrayRef{90, 8}));
  EXPECT_TRUE(at::equal(h.slice(0, 0, 30), h.slice(0, 0, 1).expand({30, 8})));
  EXPECT_TRUE(at::equal(h, h.round().clamp(0, 3)));
  // Standard normal: 38,400 draws, so the mean is within 4/√38400 = 0.02 of 0.
  EXPECT_NEAR(arrays.at("A").mean().item<double>(), 0.0, 0.02);
  // pts[0] and pts[1] of the resize oracle: the corner pixel is 94.
  EXPECT_EQ((read_npz(oracle("images_small.npz")).at("img32")[0][0][0][0].item<int>()), 94);
}

TEST(Npz, FindsLabelsUnderTheNamesInUse) {
  const auto y = at::tensor({2, 0, 1}, at::kByte);
  const auto images = at::zeros({3, 2, 2}, at::kByte);
  for (const NpzArrays& arrays :
       {NpzArrays{{"images", images}, {"labels", y}}, NpzArrays{{"images", images}, {"y", y}},
        NpzArrays{{"arr_0", images}, {"arr_1", y}}}) {
    EXPECT_TRUE(at::equal(npz_labels(NpzFile(to_npz(arrays), "a.npz"), 3), y.to(at::kLong)));
  }
  // Beside named images arr_1 may be anything.
  const NpzFile named(to_npz({{"images", images}, {"arr_1", y}}), "a.npz");
  EXPECT_FALSE(npz_labels(named, 3).defined());
  const auto refused = [&](const at::Tensor& labels, std::int64_t rows) {
    return refusal([&] { npz_labels(NpzFile(to_npz({{"y", labels}}), "a.npz"), rows); });
  };
  EXPECT_THAT(refused(y, 4), HasSubstr("a.npz: its labels are Byte [3]; int64 [4]"));
  EXPECT_THAT(refused(y.to(at::kFloat), 3), HasSubstr("its labels are Float"));
  EXPECT_THAT(refused(y.to(at::kLong) - 1, 3), HasSubstr("negative label"));
}

TEST(Npz, KeepsEveryTypeAndShape) {
  const TemporaryFolder folder;
  const auto numbers = at::arange(6).reshape({2, 3});
  const NpzArrays arrays{{"u1", numbers.to(at::kByte)},
                         {"f4", numbers.to(at::kFloat) / 7},
                         {"f8", numbers.to(at::kDouble) / 7},
                         {"i8", numbers - 3},
                         {"line", at::arange(3)},
                         {"none", at::empty({0, 4})}};
  for (const auto method : {ZipMethod::kStore, ZipMethod::kDeflate}) {
    write_npz(folder.path() / "a.npz", arrays, method);
    const auto back = read_npz(folder.path() / "a.npz");
    ASSERT_EQ(back.size(), arrays.size());
    for (const auto& [name, array] : arrays) EXPECT_TRUE(at::equal(back.at(name), array)) << name;
  }
}

TEST(Npz, SameArraysGiveTheSameBytes) {
  const NpzArrays arrays{{"images", at::arange(100).to(at::kByte)}};
  EXPECT_EQ(to_npz(arrays), to_npz(arrays));
}

void read_all(const std::string& bytes, const std::string& label) {
  const NpzFile file(bytes, label);
  for (const auto& name : file.names()) file.read(name);
}

TEST(Npz, RefusesEveryTruncationByName) {
  const auto whole = to_npz({{"images", at::arange(40).to(at::kByte)}, {"labels", at::arange(5)}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(refusal([&] { read_all(whole.substr(0, length), "cut.npz"); }),
                HasSubstr("cut.npz"))
        << length;
  }
}

TEST(Npz, SurvivesEveryDamagedByte) {
  const auto whole = to_npz({{"images", at::arange(40).to(at::kByte)}, {"labels", at::arange(5)}});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      // Dates and attributes may change unseen; all else must be an Error and never a crash.
      refusal([&] { read_all(damaged, "damaged.npz"); });
    }
  }
}

TEST(Npz, FindsDamageInTheData) {
  auto stored = to_npz({{"a", at::arange(40)}}, ZipMethod::kStore);
  stored[200] = static_cast<char>(stored[200] ^ 1);
  EXPECT_THAT(refusal([&] { read_all(stored, "x.npz"); }), HasSubstr("fails its checksum"));
}

TEST(Npz, RefusesAnEntryThatDeclaresMoreThanItCanHold) {
  auto bomb = to_npz({{"a", at::arange(40)}});
  const auto directory = bomb.rfind("PK\x01\x02");
  // Uncompressed size: 0x7FFFFFFF.
  bomb.replace(directory + 24, 4, "\xFF\xFF\xFF\x7F");
  EXPECT_THAT(refusal([&] { read_all(bomb, "x.npz"); }), HasSubstr("declares 2147483647 bytes"));
}

// `dictionary` as a stored entry beside good labels.
std::string npz_with(const std::string& dictionary, const std::string& data) {
  return write_zip({{"odd.npy", npy(dictionary, data)}, {"y.npy", to_npy(at::arange(3))}},
                   ZipMethod::kDeflate);
}

TEST(Npz, ArraysThatNobodyAsksForRefuseNothing) {
  for (const std::string type : {"<U3", "|O", "|S4", "<c8", "<M8[ns]", "|V2"}) {
    const NpzFile file(
        npz_with("{'descr': '" + type + "', 'fortran_order': True, 'shape': (1, 2), }", "rubbish"),
        "x.npz");
    EXPECT_TRUE(at::equal(npz_labels(file, 3), at::arange(3))) << type;
    EXPECT_THAT(refusal([&] { file.read("odd"); }), HasSubstr("x.npz (odd): has the type"));
    file.check("odd");
  }
  // Two of one name, one that is packed in another way (LZMA, by both of its headers), and many.
  std::vector<std::pair<std::string, std::string>> files = {{"y.npy", to_npy(at::arange(3))}};
  for (int i = 0; i < 3000; ++i) files.emplace_back(fmt::format("{}.npy", i), "");
  std::string many = write_zip(files, ZipMethod::kStore);
  EXPECT_TRUE(at::equal(npz_labels(NpzFile(many, "x.npz"), 3), at::arange(3)));
  const auto packed_otherwise = [](std::string bytes, const std::string& name) {
    const auto local = bytes.find(name) - 30, central = bytes.rfind(name) - 46;
    bytes[local + 8] = 14;
    bytes[central + 10] = 14;
    return bytes;
  };
  const NpzFile lzma(packed_otherwise(many, "2999.npy"), "x.npz");
  EXPECT_TRUE(at::equal(npz_labels(lzma, 3), at::arange(3)));
  EXPECT_THAT(refusal([&] { lzma.read("2999"); }),
              HasSubstr("x.npz (2999.npy): is packed by method 14"));
  std::string twice = write_zip({{"y.npy", to_npy(at::arange(3))}, {"a.npy", ""}, {"b.npy", ""}},
                                ZipMethod::kStore);
  for (auto place = twice.find("b.npy"); place != std::string::npos; place = twice.find("b.npy"))
    twice[place] = 'a';
  const NpzFile doubled(twice, "x.npz");
  EXPECT_TRUE(at::equal(npz_labels(doubled, 3), at::arange(3)));
  EXPECT_THAT(refusal([&] { doubled.read("a"); }), HasSubstr("x.npz (a): occurs twice"));
  // A file that is no array at all.
  const NpzFile beside(
      write_zip({{"readme.txt", "hello"}, {"y.npy", to_npy(at::arange(3))}}, ZipMethod::kStore),
      "x.npz");
  EXPECT_THAT(beside.names(), ElementsAre("y"));
}

TEST(Npz, AnArrayThatIsNotReadMayBeDamagedAndOneThatIsMayNot) {
  auto bytes = to_npz({{"a", at::arange(40)}, {"y", at::arange(3)}}, ZipMethod::kStore);
  bytes[200] = static_cast<char>(bytes[200] ^ 1);  // in "a"
  const NpzFile file(bytes, "x.npz");
  EXPECT_TRUE(at::equal(file.read("y"), at::arange(3)));
  EXPECT_THAT(refusal([&] { file.read("a"); }), HasSubstr("fails its checksum"));
  EXPECT_THAT(refusal([&] { file.check("a"); }), HasSubstr("fails its checksum"));
}

TEST(Npz, ReadsZip64) {
  // Written by Python's zipfile with force_zip64: every size lies in the extra fields.
  const auto wide = read_npz(oracle("zip64_rows.npz")), narrow = read_npz(oracle("rows.npz"));
  EXPECT_EQ(wide.at("features").sizes(), (at::IntArrayRef{40, 6}));
  EXPECT_TRUE(at::equal(wide.at("features"), narrow.at("features")));
}

TEST(Npz, TakesANpyFileForTheArrayThatItIs) {
  const TemporaryFolder folder;
  const auto rows = at::arange(6).to(at::kFloat).view({3, 2});
  const NpzFile features(folder.write("a.npy", to_npy(rows)));
  EXPECT_TRUE(at::equal(*npz_rows(features, "features"), rows));
  EXPECT_FALSE(npz_images(features));
  const auto pictures = at::arange(5 * 8 * 8 * 3).remainder(251).to(at::kByte).view({5, 8, 8, 3});
  const NpzFile images(folder.write("b.NPY", to_npy(pictures)));
  EXPECT_TRUE(at::equal(*npz_images(images), pictures.permute({0, 3, 1, 2})));
  const auto dataset = load_dataset({.name = "npz", .path = (folder.path() / "b.NPY").string()});
  EXPECT_EQ(dataset.train.size() + dataset.test.size(), 5);
  folder.write("cut.npy", to_npy(rows).substr(0, 100));
  EXPECT_THAT(refusal([&] { NpzFile(folder.path() / "cut.npy"); }), HasSubstr("cut.npy"));
}

TEST(Npz, PicturesAreHeldOnce) {
  // 400 of 256² in colour, 79 MB, by the format's own rules.
  const TemporaryFolder folder;
  const std::int64_t count = 400, pixels = std::int64_t{256} * 256 * 3;
  const auto file = folder.write(
      "big.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (400, 256, 256, 3)}", ""));
  {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    for (std::int64_t i = 0; i < count; ++i) out << std::string(pixels, static_cast<char>(i));
  }
  const TensorBytes bytes;
  const auto images = npz_images(NpzFile(file));
  EXPECT_GE(bytes.at_most(), count * pixels);
  EXPECT_LT(bytes.at_most(), count * pixels * 3 / 2);
  EXPECT_EQ(images->sizes(), (at::IntArrayRef{count, 3, 256, 256}));
  EXPECT_TRUE(
      at::equal(images->select(3, 7).select(2, 9).select(1, 2), at::arange(count).to(at::kByte)));
}

TEST(NpzDataset, IsNotHeldTwiceWhereItIsSplit) {
  const TemporaryFolder folder;
  const std::int64_t count = 600, pixels = std::int64_t{256} * 256 * 3;
  const auto file = folder.write(
      "big.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (600, 256, 256, 3)}", ""));
  {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    for (std::int64_t i = 0; i < count; ++i) out << std::string(pixels, static_cast<char>(i));
  }
  const TensorBytes bytes;
  const Dataset dataset = load_npz({.path = file.string()});
  EXPECT_GE(bytes.at_most(), count * pixels);
  EXPECT_LT(bytes.at_most(), count * pixels * 3 / 2) << bytes.at_most();
  EXPECT_EQ(dataset.train.size() + dataset.test.size(), count);
}

TEST(Npz, PicturesKeepTheirChannelsAcrossBlocks) {
  // Of 700 x 900 in colour two make a block; every number of a channel is its place.
  const auto channel = at::arange(3, at::kByte).view({1, 1, 1, 3});
  const auto picture = at::arange(5, at::kByte).view({5, 1, 1, 1}) * 10;
  const auto row = at::arange(700, at::kLong).remainder(7).to(at::kByte).view({1, 700, 1, 1});
  const auto pixels = (channel + picture + row * 20).expand({5, 700, 900, 3});
  const NpzFile file(to_npz({{"images", pixels}}, ZipMethod::kStore), "x.npz");
  EXPECT_TRUE(at::equal(*npz_images(file), pixels.permute({0, 3, 1, 2})));
}

TEST(Npz, RefusesThreeAxesThatMayBeOnePicture) {
  const auto why = [](at::IntArrayRef sizes) {
    const NpzFile file(to_npz({{"images", at::zeros(sizes, at::kByte)}}), "x.npz");
    return refusal([&] { npz_images(file); });
  };
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
           {8, 8, 3}, {8, 8, 1}, {8, 8, 4}, {3, 8, 8}, {4, 8, 8}, {256, 256, 3}}) {
    EXPECT_THAT(why(sizes), HasSubstr("may be one picture or")) << sizes.size();
  }
  EXPECT_EQ(why({8, 8, 8}), "");
  EXPECT_EQ(why({1, 28, 28}), "");  // one grey picture either way
  EXPECT_EQ(why({8, 8, 3, 1}), "");
}

TEST(Npy, ReadsNumbersOfEveryWidthAndByteOrder) {
  const auto read = [](const std::string& type, const std::string& data) {
    return from_npy(npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': (2,)}", data),
                    "x");
  };
  // -2 and 258 where they fit.
  EXPECT_TRUE(at::equal(read("|i1", "\xFE\x02"), at::tensor({-2L, 2L})));
  EXPECT_TRUE(at::equal(read("<i2", "\xFE\xFF\x02\x01"), at::tensor({-2L, 258L})));
  EXPECT_TRUE(at::equal(read(">i2", "\xFF\xFE\x01\x02"), at::tensor({-2L, 258L})));
  EXPECT_TRUE(at::equal(read("<u2", "\xFE\xFF\x02\x01"), at::tensor({65534L, 258L})));
  EXPECT_TRUE(at::equal(read("<i4", std::string("\xFE\xFF\xFF\xFF\x02\x01\0\0", 8)),
                        at::tensor({-2L, 258L})));
  EXPECT_TRUE(at::equal(read("<u4", std::string("\xFE\xFF\xFF\xFF\x02\x01\0\0", 8)),
                        at::tensor({4294967294L, 258L})));
  EXPECT_TRUE(at::equal(read("|b1", std::string("\1\0", 2)), at::tensor({1L, 0L}).to(at::kBool)));
  // 1.5 and −2 in binary16, and in big-endian binary32.
  EXPECT_TRUE(at::equal(read("<f2", std::string("\0\x3E\0\xC0", 4)), at::tensor({1.5F, -2.0F})));
  EXPECT_TRUE(
      at::equal(read(">f4", std::string("\x3F\xC0\0\0\xC0\0\0\0", 8)), at::tensor({1.5F, -2.0F})));
  const std::string huge(7, '\0');
  EXPECT_THAT(refusal([&] { read("<u8", huge + "\x80" + huge + "\x01"); }),
              HasSubstr("above 2^63"));
}

TEST(Npy, ReadsTexts) {
  const auto read = [](const std::string& dictionary, const std::string& data) {
    const auto bytes = npy(dictionary, data);
    const auto source = [rest = std::string_view(bytes)](std::span<char> target) mutable {
      std::copy_n(rest.data(), target.size(), target.data());
      rest.remove_prefix(target.size());
    };
    return read_npy_texts(source, bytes.size(), "x");
  };
  const auto unit = [](const char* low) { return std::string(low, 2) + std::string(2, '\0'); };
  const std::string a = unit("a\0"), umlaut = unit("\xFC\0"), euro = unit("\xAC\x20"),
                    none(4, '\0');
  // numpy.array(["aü", "€"]); U+1F600 lies outside the first plane.
  EXPECT_THAT(
      read("{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}", a + umlaut + euro + none),
      ElementsAre("a\u00FC", "\u20AC"));
  EXPECT_THAT(read("{'descr': '>U1', 'fortran_order': False, 'shape': (1,)}",
                   std::string("\0\x01\xF6\0", 4)),
              ElementsAre("\U0001F600"));
  EXPECT_THAT(refusal([&] { read("{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}", a); }),
              HasSubstr("2 texts of 2 characters but holds 4 bytes"));
  EXPECT_THAT(refusal([&] { read("{'descr': '<i4', 'fortran_order': False, 'shape': (1,)}", a); }),
              HasSubstr("one axis of texts is needed"));
}

TEST(Npy, ReadsFortranOrder) {
  // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]) lies column by column.
  const auto array = from_npy(
      npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}", "\1\4\2\5\3\6"), "x");
  EXPECT_TRUE(at::equal(array, at::tensor({1, 2, 3, 4, 5, 6}, at::kByte).view({2, 3})));
  EXPECT_TRUE(array.is_contiguous());
}

TEST(Npy, ReadsVersionTwoAndAnyOrderOfKeys) {
  const std::string dictionary = "{'shape': (2,), 'fortran_order': False, 'descr': '|u1'}";
  const std::string version_two = std::string("\x93NUMPY\x02\x00", 8) +
                                  static_cast<char>(dictionary.size()) + std::string(3, '\0') +
                                  dictionary + "\x05\x06";
  EXPECT_TRUE(at::equal(from_npy(version_two, "x"), at::tensor({5, 6}, at::kByte)));
  EXPECT_EQ(from_npy(npy("{'descr': '<f8', 'fortran_order': False, 'shape': ()}",
                         std::string("\0\0\0\0\0\0\x04\x40", 8)),
                     "x")
                .item<double>(),
            2.5);
}

TEST(Npy, RefusesWhatItCannotReadRightly) {
  const auto why = [](const std::string& dictionary) {
    return refusal([&] { from_npy(npy(dictionary, "12345678"), "x.npy"); });
  };
  EXPECT_THAT(why("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("type '|O'"));
  EXPECT_THAT(why("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("type '<c8'"));
  EXPECT_THAT(why("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("several fields"));
  EXPECT_THAT(why("{'descr': '|u1', 'fortran_order': False, 'shape': (9,)}"),
              HasSubstr("shape [9] but holds 8 bytes"));
  EXPECT_THAT(why("{'descr': '|u1', 'fortran_order': False, 'shape': (-8,)}"), HasSubstr("header"));
  EXPECT_THAT(why("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
              HasSubstr("header"));
  EXPECT_THAT(
      why("{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776, 1099511627776)}"),
      HasSubstr("impossible shape"));
  EXPECT_THAT(why("{'descr': '|u1', 'fortran_order': False}"), HasSubstr("header"));
  EXPECT_THAT(why("__import__('os').system('false')"), HasSubstr("header"));
}

TEST(NpzDataset, SplitsImagesWithTheirLabelsAndKeepsTheirOrder) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "a.npz").string();
  // Image i is filled with i and labelled i mod 3.
  const auto pixels = at::arange(100).to(at::kByte).view({100, 1, 1, 1}).expand({100, 4, 5, 3});
  write_npz(file, {{"images", pixels}, {"labels", at::arange(100) % 3}});
  const auto dataset = load_dataset({.name = "npz", .path = file});
  EXPECT_EQ(dataset.classes, 3);
  EXPECT_EQ(dataset.train.size() + dataset.test.size(), 100);
  // Of "0" … "99" the first eight bytes of SHA-256("assay split v1\n" + name) lie below 2^64/10 for
  // 11, by Python's hashlib.
  EXPECT_EQ(dataset.test.size(), 11);
  for (const auto* split : {&dataset.train, &dataset.test}) {
    EXPECT_EQ(split->images.sizes().slice(1), (at::IntArrayRef{3, 4, 5}));
    const auto value = split->images.select(1, 2).select(1, 3).select(1, 4).to(at::kLong);
    EXPECT_TRUE(at::equal(value % 3, split->labels));
  }
}

TEST(NpzDataset, TakesTheFilesOwnTestSplit) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "a.npz").string();
  write_npz(file, {{"arr_0", at::zeros({5, 8, 8}, at::kByte)},
                   {"test_images", at::full({3, 8, 8, 1}, 200, at::kByte)}});
  const auto dataset = load_dataset({.name = "npz", .path = file});
  EXPECT_EQ(dataset.train.images.sizes(), (at::IntArrayRef{5, 1, 8, 8}));
  EXPECT_EQ(dataset.test.images.sizes(), (at::IntArrayRef{3, 1, 8, 8}));
  EXPECT_FALSE(dataset.train.labels.defined());
}

TEST(NpzDataset, RemarksOnPicturesThatAreAllButBlack) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "a.npz").string();
  const auto read = [&](std::int64_t brightest) {
    write_npz(file, {{"images",
                      at::arange(320).remainder(brightest + 1).to(at::kByte).view({5, 8, 8, 1})}});
    const DatasetRequest request{.name = "npz", .path = file};
    return what_was_read(load_dataset(request), request);
  };
  EXPECT_THAT(read(16), HasSubstr("; the brightest of all their pixels is 16 of 255"));
  EXPECT_THAT(read(32), Not(HasSubstr("brightest")));
}

TEST(NpzDataset, NamesTheArraysThatItDidNotRead) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "a.npz").string();
  const auto pictures = at::arange(320).to(at::kByte).view({5, 8, 8, 1});
  const auto passed_over = [&](NpzArrays arrays) {
    arrays.emplace("images", pictures);
    write_npz(file, arrays);
    return load_dataset({.name = "npz", .path = file}).passed_over;
  };
  EXPECT_THAT(passed_over({{"labels", at::arange(5)}}), ElementsAre());
  EXPECT_THAT(passed_over({{"arr_0", pictures}}),
              ElementsAre("arr_0 is an array that was not read"));
  // Of two names for labels the first counts.
  EXPECT_THAT(passed_over({{"labels", at::arange(5)}, {"y", at::arange(5)}, {"z", at::arange(2)}}),
              ElementsAre("y, z are arrays that were not read"));
}

TEST(NpzDataset, CountsTheClassesOfBothSplits) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "a.npz").string();
  const auto pictures = at::arange(128).to(at::kByte).view({2, 8, 8, 1});
  const auto load = [&](std::int64_t train, std::int64_t test) {
    write_npz(file, {{"images", pictures},
                     {"labels", at::tensor({0L, train})},
                     {"test_images", pictures},
                     {"test_labels", at::tensor({0L, test})}});
    return load_dataset({.name = "npz", .path = file});
  };
  EXPECT_EQ(load(2, 1).classes, 3);
  EXPECT_EQ(load(1, 4).classes, 5);
  EXPECT_THAT(refusal([&] { load(6'000'000, 1); }), HasSubstr("holds the label 6000000"));
}

TEST(NpzDataset, RefusesImagesThatAreNone) {
  const TemporaryFolder folder;
  const auto file = (folder.path() / "a.npz").string();
  const auto why = [&](const NpzArrays& arrays) {
    write_npz(file, arrays);
    return refusal([&] { load_dataset({.name = "npz", .path = file}); });
  };
  EXPECT_THAT(why({{"images", at::zeros({4, 8, 8, 3})}}), HasSubstr("uint8 [N,H,W,C]"));
  EXPECT_THAT(why({{"images", at::zeros({4, 8, 8, 2}, at::kByte)}}), HasSubstr("uint8 [N,H,W,C]"));
  EXPECT_THAT(why({{"pictures", at::zeros({4}, at::kByte)}}), HasSubstr("no array 'images'"));
  EXPECT_THAT(
      why({{"images", at::zeros({5, 8, 8}, at::kByte)}, {"labels", at::zeros({3}, at::kLong)}}),
      HasSubstr("one per image"));
  EXPECT_THAT(refusal([] { load_dataset({.name = "npz", .path = "/none.npz"}); }),
              HasSubstr("/none.npz: no such file"));
}

}  // namespace
}  // namespace assay
