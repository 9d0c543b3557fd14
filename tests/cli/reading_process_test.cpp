// SPDX-License-Identifier: Apache-2.0
// What a run says of the data that it read, through the built program.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/png.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadingTest : public ProcessTest {
 protected:
  // A perceptron's VAE on this folder, trained on 80 pictures.
  std::string of_folder(const std::string& folder) const {
    write_file_atomically(
        folder_ / "folder.toml",
        fmt::format("extends = 'vae/fashion_mnist_mlp'\n[dataset]\nname = 'image_folder'\npath = "
                    "'{}'\n[model]\nhidden_widths = [8]\nlatent_dim = 2\n[train]\nbatch_size = "
                    "8\nimages = 80\nlog_every_images = 80\n[eval]\nmetrics = ['elbo']\n"
                    "reference_split = 'train'\nevery_images = 0\n",
                    path(folder)));
    return path("folder.toml");
  }
  std::vector<std::string> said_by(std::int64_t run) const {
    std::vector<std::string> texts;
    for (const EventRow& event : events_of(Database::open_for_reading(db_), run)) {
      if (event.kind == "data") texts.push_back(event.text);
    }
    return texts;
  }
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(ReadingTest, WhatWasReadIsSaidOnceForAllRunsAndKeptWithEach) {
  for (int i = 0; i < 12; ++i) {
    write_file_atomically(
        folder_ / "pets" / (i % 2 == 0 ? "cat" : "dog") / fmt::format("{}.png", i),
        encode_png(at::full({1, 6, 8}, 20 * i, at::kByte)));
  }
  write_file_atomically(folder_ / "pets" / "bird" / "readme", "none yet");
  quiet_ = false;
  ASSERT_EQ(call({"run", of_folder("pets"), "--seeds", "0,1", "--report", path("r.html")}), 0)
      << err();
  ASSERT_EQ(rows().size(), 2U);
  const std::string line = said_by(1).at(0);
  EXPECT_THAT(line,
              AllOf(HasSubstr("image_folder '" + path("pets") + "': "),
                    HasSubstr(" test images of 8x6, grey, 2 classes; no picture lies in bird, "
                              "which is no class; 1 file that is no picture was passed over")));
  EXPECT_THAT(said_by(2), ElementsAre(line));
  EXPECT_EQ(count_of(err(), line), 1U) << err();
  ASSERT_EQ(call({"show", "2", "--json"}), 0);
  EXPECT_THAT(nlohmann::json::parse(out())["events"].dump(), HasSubstr("of 8x6, grey, 2 classes"));
}

TEST_F(ReadingTest, ARunThatGoesOnHasSaidIt) {
  const pid_t pid = start_run("7");
  wait_for_checkpoint();
  kill(-pid, SIGKILL);
  EXPECT_EQ(wait_for(pid), 128 + SIGKILL);
  wait_until_nobody_runs();
  ASSERT_EQ(call({"resume"}), 0);
  EXPECT_THAT(said_by(1), ElementsAre(AllOf(HasSubstr("ring: "), HasSubstr(" test points"))));
}

}  // namespace
}  // namespace assay
