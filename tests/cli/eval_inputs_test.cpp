// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cli/eval/eval_classes.h"
#include "core/file.h"
#include "core/zip.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/png.h"
#include "tests/cli/eval_fixture.h"
#include "tests/data/npy_by_hand.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EvalInputsTest : public EvalFixture {
 protected:
  // Five noisy pictures of 6 × 6 about `level`.
  void write_class(const std::string& name, std::int64_t level) const {
    auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(level));
    for (int i = 0; i < 5; ++i) {
      const auto picture =
          at::randint(level, level + 9, {1, 6, 6}, generator, at::TensorOptions(at::kByte));
      write_file_atomically(folder_ / name / fmt::format("{}.png", i), encode_png(picture));
    }
  }
};

TEST_F(EvalInputsTest, FoldersThatAreNumbersMeetTheLabelsOfAnNpzByNumber) {
  std::vector<at::Tensor> pictures;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 12; ++i) {
    write_class(fmt::format("g/{}", i), 20 * i);
    for (int k = 0; k < 5; ++k) {
      pictures.push_back(decode_png(read_file(folder_ / fmt::format("g/{}/{}.png", i, k)), "x")[0]);
      labels.push_back(i);
    }
  }
  write_npz(folder_ / "r.NPZ", {{"images", at::stack(pictures)}, {"y", at::tensor(labels)}});
  command_.generated = folder_ / "g";
  command_.reference = folder_ / "r.NPZ";
  command_.metrics = {"intra_fd"};
  // The same pictures class by class: every distance is 0, up to rounding of pixels below 1.
  const Json found = result();
  EXPECT_NEAR(found["metrics"]["intra_fd"]["value"].get<double>(), 0.0, 1e-6);
  EXPECT_EQ(found["inputs"]["generated"]["classes"], 12);
  EXPECT_EQ(found["inputs"]["generated"]["n"], 60);
  EXPECT_EQ(found["inputs"]["reference"]["size"], "6x6");
  EXPECT_EQ(found["inputs"]["reference"]["channels"], 1);
}

TEST_F(EvalInputsTest, ClassesOfOneSideOnlyAreNamedWhereClassesAreCompared) {
  write_class("g/cat", 20);
  write_class("g/dog", 120);
  write_class("r/bird", 20);
  write_class("r/dog", 120);
  command_.generated = folder_ / "g";
  command_.reference = folder_ / "r";
  command_.metrics = {"intra_fd"};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("the reference has none of cat"),
                               HasSubstr("bird was never generated")));
  command_.metrics = {"cas"};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("cat"), testing::Not(HasSubstr("bird"))));
  // What compares no classes does not mind.
  command_.metrics = {"fd"};
  EXPECT_EQ(refusal(), "");
}

// numpy.array of two names of three letters.
std::string two_names(std::string_view letters) {
  std::string data;
  for (const char letter : letters) data += letter + std::string(3, '\0');
  return npy("{'descr': '<U3', 'fortran_order': False, 'shape': (2,)}", data);
}

TEST_F(EvalInputsTest, ClassNamesOfAnNpzMeetFoldersByName) {
  write_class("g/cat", 20);
  write_class("g/dog", 120);
  std::vector<at::Tensor> pictures;
  for (const char* name : {"dog", "cat"}) {
    for (int k = 0; k < 5; ++k) {
      const auto file = folder_ / fmt::format("g/{}/{}.png", name, k);
      pictures.push_back(decode_png(read_file(file), "x")[0]);
    }
  }
  const auto write = [&](std::string_view letters) {
    const auto labels = at::arange(2, at::kLong).repeat_interleave(5);
    write_file_atomically(folder_ / "r.npz", write_zip({{"images.npy", to_npy(at::stack(pictures))},
                                                        {"labels.npy", to_npy(labels)},
                                                        {"class_names.npy", two_names(letters)}},
                                                       ZipMethod::kStore));
  };
  command_.generated = folder_ / "g";
  command_.reference = folder_ / "r.npz";
  command_.metrics = {"intra_fd"};
  write("dogcat");
  EXPECT_NEAR(result()["metrics"]["intra_fd"]["value"].get<double>(), 0.0, 1e-6);
  write("catdog");
  // 36 pixels a hundred of 255 levels apart, give or take the noise of five pictures.
  EXPECT_NEAR(result()["metrics"]["intra_fd"]["value"].get<double>(),
              36.0 * std::pow(100.0 / 255.0, 2.0), 0.2);
  write("catcat");
  EXPECT_THAT(refusal(), HasSubstr("r.npz: its class_names hold 'cat' twice"));
}

TEST_F(EvalInputsTest, ClassNamesOfAnNpzThatAreNumbersGoBeforeItsLabels) {
  // As torchvision sorts folders: label 0 is called 10, label 1 is called 9.
  write_class("g/9", 20);
  write_class("g/10", 120);
  std::vector<at::Tensor> pictures;
  for (const char* name : {"10", "9"}) {
    for (int k = 0; k < 5; ++k) {
      const auto file = folder_ / fmt::format("g/{}/{}.png", name, k);
      pictures.push_back(decode_png(read_file(file), "x")[0]);
    }
  }
  const auto labels = at::arange(2, at::kLong).repeat_interleave(5);
  write_file_atomically(folder_ / "r.npz", write_zip({{"images.npy", to_npy(at::stack(pictures))},
                                                      {"labels.npy", to_npy(labels)},
                                                      {"class_names.npy", two_names("010009")}},
                                                     ZipMethod::kStore));
  command_.generated = folder_ / "g";
  command_.reference = folder_ / "r.npz";
  command_.metrics = {"intra_fd"};
  EXPECT_NEAR(result()["metrics"]["intra_fd"]["value"].get<double>(), 0.0, 1e-6);
}

TEST_F(EvalInputsTest, NamesAndNumbersDoNotMeet) {
  write_class("g/cat", 20);
  write_class("g/dog", 120);
  write_class("r/0", 20);
  write_class("r/1", 120);
  command_.generated = folder_ / "g";
  command_.reference = folder_ / "r";
  command_.metrics = {"intra_fd"};
  EXPECT_THAT(refusal(), AllOf(HasSubstr("names its classes (cat, dog)"), HasSubstr("by numbers")));
}

EvalSource labelled(const std::vector<std::int64_t>& labels, std::vector<std::string> names) {
  EvalSource source;
  source.numbered = names.empty();
  source.class_names = std::move(names);
  source.labels = at::tensor(labels, at::kLong);
  return source;
}

TEST(SharedClasses, AClassThatWasNeverGeneratedShiftsNoOther) {
  auto generated = labelled({0, 1, 1}, {"cat", "eel"});
  auto reference = labelled({0, 1, 2, 3}, {"ape", "cat", "dog", "eel"});
  const auto shared = share_classes(generated, reference);
  EXPECT_THAT(shared.names, ElementsAre("ape", "cat", "dog", "eel"));
  EXPECT_TRUE(at::equal(generated.labels, at::tensor({1L, 3L, 3L})));
  EXPECT_TRUE(at::equal(reference.labels, at::tensor({0L, 1L, 2L, 3L})));
  EXPECT_THAT(shared.only_reference, ElementsAre("ape", "dog"));
  EXPECT_THAT(shared.only_generated, IsEmpty());
  EXPECT_EQ(legend(shared), " (class 0 is ape, 1 is cat, 2 is dog, 3 is eel)");
}

TEST(SharedClasses, NumbersMeetByValueHoweverTheyAreWritten) {
  auto folders = labelled({0, 1, 2}, {"02", "7", "10"});
  auto numbers = labelled({10, 2, 7, 8}, {});
  const auto shared = share_classes(folders, numbers);
  EXPECT_THAT(shared.names, ElementsAre("2", "7", "8", "10"));
  EXPECT_TRUE(at::equal(folders.labels, at::tensor({0L, 1L, 3L})));
  EXPECT_TRUE(at::equal(numbers.labels, at::tensor({3L, 0L, 1L, 2L})));
  EXPECT_THAT(shared.only_reference, ElementsAre("8"));
}

TEST(SharedClasses, ADataSetKnowsItsClassesByNameAndByNumber) {
  auto named = labelled({0, 1}, {"bag", "boot"});
  auto set = labelled({1, 0}, {"boot", "bag"});
  set.numbered = true;
  EXPECT_EQ(share_classes(named, set).problem, "");
  EXPECT_TRUE(at::equal(named.labels, set.labels));
  auto digits = labelled({0, 1}, {"0", "1"});
  set = labelled({0, 1}, {"boot", "bag"});
  set.numbered = true;
  EXPECT_EQ(share_classes(digits, set).problem, "");
  EXPECT_TRUE(at::equal(digits.labels, set.labels));
}

TEST_F(EvalInputsTest, FactorValuesAreNames) {
  // A code that is the first factor, and one that is noise; ids of up to 10^15 for 0, 1, 2, 3.
  const auto i = at::arange(400, at::kLong);
  const auto places = at::stack({i.remainder(4), i.floor_divide(4).remainder(3)}, 1);
  const auto noise = at::randn({400, 1}, at::detail::createCPUGenerator(1), at::kFloat);
  const auto codes = at::cat({places.to(at::kFloat).slice(1, 0, 1), noise}, 1);
  const auto ids = at::tensor({7L, 99L, 1'000'000'000L, 1'000'000'000'000'000L});
  const auto mig_of = [&](const at::Tensor& factors) {
    write_npz(folder_ / "codes.npz", {{"codes", codes}, {"factors", factors}});
    EvalInputsTest::command_.generated = folder_ / "codes.npz";
    EvalInputsTest::command_.metrics = {"mig"};
    return result()["metrics"]["mig"]["value"].get<double>();
  };
  const double dense = mig_of(places);
  EXPECT_GT(dense, 0.3);
  EXPECT_EQ(mig_of(ids.index_select(0, places.flatten()).view_as(places)), dense);
}

TEST_F(EvalInputsTest, AnArrayThatIsNotAsNeededRefusesOnlyWhatNeedsIt) {
  const auto rows = at::randn({20, 3}, at::detail::createCPUGenerator(1), at::kFloat);
  write_npz(folder_ / "a.npz", {{"features", rows},
                                {"labels", at::zeros({20}, at::kDouble)},
                                {"logits", at::zeros({20}, at::kFloat)},
                                {"factors", at::zeros({20, 2}, at::kLong)},
                                {"images", at::zeros({20, 8, 8, 3}, at::kDouble)}});
  command_.generated = command_.reference = folder_ / "a.npz";
  command_.metrics = {"fd"};
  const Json found = result();
  EXPECT_NEAR(found["metrics"]["fd"]["value"].get<double>(), 0.0, 1e-6);
  EXPECT_THAT(found["notes"].dump(),
              AllOf(HasSubstr("its labels are Double"), HasSubstr("its logits are Float [20]"),
                    HasSubstr("holds factors, but no 'codes'")));
  command_.metrics = {"intra_fd"};
  EXPECT_THAT(refusal(), HasSubstr("its labels are Double [20]"));
  command_.metrics = {"inception_score"};
  EXPECT_THAT(refusal(), HasSubstr("its logits are Float [20]"));
}

TEST_F(EvalInputsTest, BytesOfZeroAndOneAreNoPictures) {
  const auto masks = at::arange(640).remainder(2).to(at::kByte).view({10, 8, 8});
  write_npz(folder_ / "masks.npz", {{"images", masks}});
  command_.generated = command_.reference = folder_ / "masks.npz";
  command_.metrics = {"fd"};
  EXPECT_THAT(refusal(), HasSubstr("masks.npz: the largest value of all its pixels is 1"));
}

TEST_F(EvalInputsTest, WhatWasNotReadIsNamed) {
  const auto pictures = at::arange(360).to(at::kByte).view({10, 6, 6});
  write_npz(folder_ / "a.npz", {{"images", pictures}, {"arr_0", pictures}, {"ids", at::arange(3)}});
  write_class("r/cat", 20);
  write_file_atomically(folder_ / "r" / "dog" / "readme", "none yet");
  command_.generated = folder_ / "a.npz";
  command_.reference = folder_ / "r";
  command_.metrics = {"fd"};
  const Json inputs = result()["inputs"];
  EXPECT_THAT(inputs["generated"]["passed_over"].dump(),
              HasSubstr("arr_0, ids are arrays that were not read"));
  EXPECT_THAT(inputs["reference"]["passed_over"].dump(),
              HasSubstr("no picture lies in dog, which is no class"));
}

TEST_F(EvalInputsTest, PicturesOfOneValueAreScoredAndRemarkedUpon) {
  for (int i = 0; i < 5; ++i) {
    write_file_atomically(folder_ / "g" / fmt::format("{}.png", i),
                          encode_png(at::zeros({1, 6, 6}, at::kByte)));
  }
  write_class("r", 20);
  command_.generated = folder_ / "g";
  command_.reference = folder_ / "r";
  command_.metrics = {"fd"};
  // A model that collapsed has a score.
  const auto notes = result()["notes"].dump();
  EXPECT_THAT(notes, HasSubstr("/g: every pixel of all its pictures is 0 (black), so that "
                               "they show nothing"));
  EXPECT_THAT(notes, testing::Not(HasSubstr("/r: every pixel")));
}

TEST_F(EvalInputsTest, JsonIsStrictWhateverTheBytesOfAPath) {
  const auto odd = folder_ / "caf\xE9";
  write_npz(odd / "rows.npz", {{"features", at::eye(5)}});
  command_.generated = command_.reference = odd / "rows.npz";
  command_.metrics = {"fd"};
  EXPECT_THAT(result()["inputs"]["generated"]["source"].get<std::string>(),
              HasSubstr("caf\uFFFD/rows.npz"));
}

TEST_F(EvalInputsTest, NamesALinkThatLeadsToItself) {
  write_class("g", 20);
  fs::create_symlink("z.png", folder_ / "g" / "z.png");
  command_.generated = command_.reference = folder_ / "g";
  command_.metrics = {"fd"};
  EXPECT_THAT(refusal(), HasSubstr("z.png"));
  fs::create_symlink("loop", folder_ / "loop");
  command_.generated = folder_ / "loop";
  EXPECT_THAT(refusal(), HasSubstr("leads back to itself"));
}

}  // namespace
}  // namespace assay
