// SPDX-License-Identifier: Apache-2.0
// What is decided from stored results: compare, baseline, gate, merge, export, plan, papers and
// samples of others, through the built program.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/png.h"
#include "results/run_lock.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

class EvidenceTest : public ProcessTest {
 protected:
  nlohmann::json json() const { return nlohmann::json::parse(out()); }
  // Into another database than db_.
  int run_into(const std::string& file, const std::string& seeds,
               const std::vector<std::string>& more = {}) {
    db_ = path(file);
    std::vector<std::string> words = {"run", path("small.toml"), "--seeds",
                                      seeds, "--report",         path("r.html")};
    words.insert(words.end(), more.begin(), more.end());
    return call(words);
  }
};

TEST_F(EvidenceTest, AGateIsPassedByRepetitionAndFailedByWhatDoesNotLearn) {
  const std::vector<std::string> long_enough = {"--set", "train.images=400000"};
  ASSERT_EQ(run_into("base.sqlite", "0..3", long_enough), 0);
  ASSERT_EQ(call({"baseline", "save", path("frozen.sqlite")}), 0);
  EXPECT_EQ(call({"baseline", "save", path("frozen.sqlite")}), 2) << "it changes only by --replace";
  EXPECT_EQ(call({"baseline", "save", path("frozen.sqlite"), "--replace"}), 0);
  EXPECT_EQ(call({"baseline", "save", db_, "--replace"}), 2) << "what is no baseline stays";
  EXPECT_EQ(call({"gate", "--baseline", path("frozen.sqlite"), "--junit", path("frozen.sqlite")}),
            2);
  // Its own runs are nothing new.
  EXPECT_EQ(call({"gate", "--baseline", path("frozen.sqlite")}), 6);
  ASSERT_EQ(run_into("same.sqlite", "0..3", long_enough), 0);
  EXPECT_EQ(call({"gate", "--baseline", path("frozen.sqlite"), "--json", path("g.json")}), 0);
  const auto gate = nlohmann::json::parse(read_file(path("g.json")));
  EXPECT_EQ(gate["bits"][0]["equal"], 4) << "one machine and build: the same bits";
  for (const auto& row : gate["rows"]) {
    if (row["importance"] == "critical") {
      EXPECT_EQ(row["test"], "identical");
    }
  }
  ASSERT_EQ(run_into("worse.sqlite", "0..3",
                     {"--set", "train.images=400000", "--set", "optimizer.learning_rate=1e-9"}),
            0);
  EXPECT_EQ(call({"gate", "--baseline", path("frozen.sqlite")}), 6) << "another definition";
  EXPECT_EQ(call({"gate", "--baseline", path("frozen.sqlite"), "--match", "name", "--github"}), 1);
  EXPECT_THAT(out(), HasSubstr("::error"));
}

TEST_F(EvidenceTest, TwoDatabasesAreComparedAndUnited) {
  ASSERT_EQ(run_into("a.sqlite", "0..2"), 0);
  ASSERT_EQ(run_into("b.sqlite", "5..6"), 0);
  EXPECT_EQ(call({"compare", path("a.sqlite"), path("b.sqlite"), "--json"}), 0);
  EXPECT_EQ(json()["comparisons"].size(), 1U);
  EXPECT_EQ(json()["comparisons"][0]["metrics"].front()["n_left"], 3);
  EXPECT_EQ(
      call({"compare", path("a.sqlite"), path("b.sqlite"), "--where", "1=1; DELETE FROM run"}), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(call({"merge", path("a.sqlite"), path("b.sqlite"), "--into", path("all.sqlite")}), 0);
  }
  db_ = path("all.sqlite");
  EXPECT_EQ(rows().size(), 5U);
  EXPECT_EQ(call({"doctor"}), 0);
  // Weights come along.
  EXPECT_EQ(call({"sample", "5", "--count", "10", "--out", path("s.npz")}), 0) << err();
  EXPECT_EQ(call({"plan", path("small.toml"), "--limit", "2h", "--json"}), 0) << err();
  EXPECT_THAT(json()["members"][0]["basis"].get<std::string>(), HasSubstr("runs on cpu"));
  // A member that scores the weights of another trains nothing, so its speed says nothing.
  write_file_atomically(folder_ / "scored.toml",
                        "note = \"a training and two scores\"\n[[member]]\nexperiment = '" +
                            path("small.toml") + "'\nsweep = [\"eval.generated=100,150\"]\n");
  EXPECT_EQ(call({"plan", path("scored.toml"), "--limit", "2h", "--json"}), 0) << err();
  EXPECT_EQ(json()["members_unknown"], 1);
  EXPECT_TRUE(json()["members"][1]["seconds_of_seed"].is_null());
  EXPECT_THAT(json()["members"][1]["basis"].get<std::string>(), HasSubstr("weights"));
  EXPECT_EQ(call({"plan", "toy2d/ring_gan", "--limit", "soon"}), 2);
  // Of what was never run nothing is known, which is not nothing.
  EXPECT_EQ(call({"plan", "toy2d/ring_gan", "--limit", "2h"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("with 2 at a time: not known"));
  EXPECT_EQ(call({"plan", "toy2d/ring_gan", "--limit", "2h", "--json"}), 0);
  EXPECT_TRUE(json()["seconds"].is_null());
  EXPECT_TRUE(json()["seeds_that_fit"].is_null());
}

TEST_F(EvidenceTest, CompareTakesFilesAndRunsAndSaysWhatItRefused) {
  ASSERT_EQ(run_into("a.sqlite", "0..1"), 0);
  ASSERT_EQ(run_into("a.sqlite", "0..1", {"--set", "eval.generated=150"}), 0);
  const std::string uuid = rows().back().uuid;
  write_file_atomically(folder_ / "changed.toml",
                        "extends = '" + path("small.toml") + "'\n[eval]\ngenerated = 150\n");
  // Names of files, by their definitions; another number of samples is another protocol.
  EXPECT_EQ(call({"compare", path("small.toml"), path("changed.toml"), "--json"}), 6) << err();
  EXPECT_EQ(json()["entries"].size(), 2U);
  EXPECT_EQ(call({"compare", path("small.toml"), path("changed.toml")}), 6);
  EXPECT_THAT(out(), HasSubstr("not compared, since the protocols differ (exit 6)"));
  // A few digits of a uuid, as `assay show` takes them, beside a number.
  std::string prefix = uuid.substr(0, 1);
  while (std::ranges::count_if(
             rows(), [&](const RunRow& row) { return row.uuid.starts_with(prefix); }) > 1 ||
         prefix.find_first_of("abcdef") == std::string::npos)
    prefix = uuid.substr(0, prefix.size() + 1);
  EXPECT_EQ(call({"compare", "3", prefix, "--json"}), 0) << prefix << err();
  EXPECT_EQ(json()["entries"].size(), 2U);
  EXPECT_EQ(call({"compare", path("r.html"), path("a.sqlite")}), 2);
  EXPECT_THAT(err(), HasSubstr("is a file and no database"));
}

TEST_F(EvidenceTest, WhatCannotBeWrittenIsTheNamesFault) {
  ASSERT_EQ(run_into("a.sqlite", "0"), 0);
  fs::create_directory(folder_ / "there");
  EXPECT_EQ(call({"report", "--out", path("there")}), 2);
  EXPECT_THAT(err(), HasSubstr("there: is a folder; name a file in it"));
  EXPECT_EQ(call({"report", "--out", path("small.toml/r.html")}), 2);
  EXPECT_EQ(call({"report", "--out", "/proc/r.html"}), 2);
  EXPECT_EQ(call({"sample", "1", "--count", "4", "--out", "/proc/s.npz"}), 2);
  EXPECT_EQ(call({"run", path("small.toml"), "--seeds", "7", "--report", path("there")}), 2);
  EXPECT_EQ(rows().size(), 1U) << "it is said before hours are spent";
}

TEST_F(EvidenceTest, WhatStandsInTheWayIsNamedAndStays) {
  ASSERT_EQ(run_into("a.sqlite", "0"), 0);
  // A baseline is written beside its name first.
  const fs::path beside = path("frozen.sqlite.new");
  write_file_atomically(beside / "mine", "x");
  EXPECT_EQ(call({"baseline", "save", path("frozen.sqlite")}), 2);
  EXPECT_THAT(err(), HasSubstr("frozen.sqlite.new: is a folder where a file is to be written"));
  EXPECT_TRUE(fs::exists(beside / "mine"));
  fs::remove_all(beside);
  fs::create_symlink("frozen.sqlite.new", beside);
  EXPECT_EQ(call({"baseline", "save", path("frozen.sqlite")}), 2);
  EXPECT_THAT(err(), HasSubstr("leads back to itself"));
  fs::remove(beside);
  ASSERT_EQ(call({"baseline", "save", path("frozen.sqlite")}), 0) << err();
  // Where weights are copied to there is a file.
  const fs::path weights = checkpoints_folder(path("all.sqlite")) / rows().at(0).uuid;
  write_file_atomically(weights, "x");
  EXPECT_EQ(call({"merge", path("a.sqlite"), "--into", path("all.sqlite")}), 2);
  EXPECT_THAT(err(), HasSubstr(weights.filename().string() + ": the folder cannot be made"));
  fs::remove(weights);
  fs::create_symlink("a.sqlite", folder_ / "link.sqlite");
  EXPECT_EQ(call({"merge", path("link.sqlite"), "--into", path("all.sqlite")}), 0) << err();
  // Timing needs a place of its own.
  setenv("TMPDIR", path("none").c_str(), 1);
  EXPECT_EQ(call({"gate", "--baseline", path("frozen.sqlite"), "--time-against", ASSAY_PROGRAM}),
            2);
  EXPECT_THAT(err(), HasSubstr("set TMPDIR to one that can be written"));
  unsetenv("TMPDIR");
}

TEST_F(EvidenceTest, MergeSaysByItsExitCodeThatARunIsStillAtWork) {
  ASSERT_EQ(run_into("a.sqlite", "0"), 0);
  const std::string uuid = rows().at(0).uuid;
  Database::open_for_writing(path("a.sqlite")).execute("UPDATE run SET status = 'running'");
  const RunLock at_work(path("a.sqlite"), uuid);
  EXPECT_EQ(call({"merge", path("a.sqlite"), "--into", path("all.sqlite")}), 130);
  EXPECT_THAT(out(), HasSubstr("0 runs copied"));
  EXPECT_THAT(err(), HasSubstr("when it has ended"));
}

TEST_F(EvidenceTest, ARunIsExportedInEveryFormat) {
  ASSERT_EQ(run_into("a.sqlite", "0"), 0);
  for (const char* format : {"tensorboard", "csv", "jsonl", "npz", "safetensors"}) {
    EXPECT_EQ(call({"export", "1", "--format", format, "--out", path(format)}), 0) << err();
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path(format)))
      files += entry.is_regular_file() && entry.file_size() > 0;
    EXPECT_GE(files, 1U) << format;
  }
  EXPECT_EQ(call({"export", "1", "--format", "xls", "--out", path("x")}), 2);
}

TEST_F(EvidenceTest, SamplesOfOthersAreRecordedAndCompared) {
  for (int side = 0; side < 2; ++side) {
    for (int i = 0; i < 30; ++i) {
      write_file_atomically(folder_ / (side == 0 ? "theirs" : "real") / fmt::format("{:02}.png", i),
                            encode_png(at::full({1, 8, 8}, (side * 40 + i * 7) % 256, at::kByte)));
    }
  }
  const std::vector<std::string> eval = {"eval",        "--generated", path("theirs"),
                                         "--reference", path("real"),  "--extractor",
                                         "pixels",      "--metrics",   "fd,recall"};
  const auto recorded = [&](const std::string& name, const std::string& seed) {
    auto words = eval;
    words.insert(words.end(), {"--record", name, "--seed", seed});
    return call(words);
  };
  ASSERT_EQ(recorded("peers/one", "0"), 0) << err();
  ASSERT_EQ(recorded("peers/one", "1"), 0);
  EXPECT_THAT(err(), HasSubstr("run 1 holds the scores of these very samples as seed 0"));
  ASSERT_EQ(recorded("peers/two", "0"), 0);
  ASSERT_EQ(recorded("peers/two", "1"), 0);
  ASSERT_EQ(rows().size(), 4U);
  EXPECT_EQ(rows()[0].family, "outside");
  EXPECT_EQ(rows()[0].data_digest.value().size(), 64U);
  EXPECT_EQ(call({"compare", "peers/one", "peers/two", "--json"}), 0);
  EXPECT_EQ(json()["comparisons"][0]["metrics"]["fd@pixels"]["verdict"], "same");
  EXPECT_EQ(json()["comparisons"][0]["metrics"]["fd@pixels"]["n"], 2) << "seeds share a protocol";
  EXPECT_EQ(call({"show", "1", "--json"}), 0) << err();
  EXPECT_EQ(call({"report", "--format", "md", "--out", path("r.md")}), 0) << err();
  EXPECT_THAT(read_file(path("r.md")),
              HasSubstr("# peers/one (seeds 0,1): scores of samples made elsewhere"));
  // There is nothing to repeat and nothing to draw from.
  for (const std::string command : {"verify", "sample"}) {
    EXPECT_EQ(call({command, "1"}), 2) << command;
    EXPECT_THAT(err(), HasSubstr("holds the scores of samples made elsewhere (peers/one)"));
  }
  // Each seed has files of its own, which is no reason to keep them apart.
  fs::copy(folder_ / "theirs", folder_ / "third");
  write_file_atomically(folder_ / "third" / "00.png",
                        encode_png(at::full({1, 8, 8}, 3, at::kByte)));
  auto third = eval;
  third[2] = path("third");
  third.insert(third.end(), {"--record", "peers/one", "--seed", "2"});
  ASSERT_EQ(call(third), 0) << err();
  EXPECT_EQ(call({"compare", "peers/one", "peers/two", "--json"}), 0);
  EXPECT_EQ(json()["comparisons"][0]["metrics"]["fd@pixels"]["n_left"], 3);
  EXPECT_EQ(call({"doctor"}), 0);
  // Nothing that is assay's own can be overwritten by a name.
  EXPECT_EQ(recorded("vae/fashion_mnist", "0"), 2);
}

TEST_F(EvidenceTest, PublishedValuesAreListedWithTheirVerdicts) {
  EXPECT_EQ(call({"list", "--papers", "--json"}), 0);
  EXPECT_GE(json().size(), 600U);
  for (const auto& row : json()) {
    EXPECT_EQ(row["verdict"], "not run");
    EXPECT_FALSE(row["reason"].get<std::string>().empty());
  }
}

}  // namespace
}  // namespace assay
