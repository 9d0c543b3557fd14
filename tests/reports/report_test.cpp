// SPDX-License-Identifier: Apache-2.0
#include "reports/report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/metric_kind.h"
#include "core/random.h"
#include "reports/metric_columns.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"
#include "results/queries.h"
#include "results/remarks.h"

namespace assay {
namespace {

using test::MadeUpRun;
using test::TemporaryFolder;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class ReportOf : public testing::Test {
 protected:
  TemporaryFolder folder;
  const std::filesystem::path file = folder / "a.sqlite";

  void add(const MadeUpRun& run) {
    auto database = Database::open_for_writing(file);
    test::add_run(database, run);
  }
  static MadeUpRun scored(std::uint64_t seed, double fd, const Protocol& protocol = {}) {
    MadeUpRun run;
    run.seed = seed;
    run.untrained = {{"fd", 100.0, 1.0, protocol}};
    run.last = {{"fd", fd, 1.0, protocol}};
    return run;
  }
};

TEST_F(ReportOf, ThreeSeedsHasTheirMeanAndEveryValue) {
  for (const auto& [seed, fd] : {std::pair(0U, 10.0), {1U, 12.0}, {2U, 17.0}})
    add(scored(seed, fd));
  const Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 1U);
  const MetricSummary& metric = report.experiments[0].metrics.at(0);
  EXPECT_EQ(metric.last.n, 3);
  EXPECT_DOUBLE_EQ(*metric.last.mean, 13.0);
  EXPECT_DOUBLE_EQ(*metric.untrained.mean, 100.0);
  ASSERT_EQ(metric.seeds.size(), 3U);
  EXPECT_EQ(metric.seeds[2].value, 17.0);
  EXPECT_EQ(metric.curve.points.size(), 2U);
  EXPECT_EQ(report.experiments[0].command, "./assay run vae/example --seeds 0,1,2");
}

// Of the two files that hold the run one alone says that it is hidden.
TEST_F(ReportOf, ARunHiddenInAnyDatabaseIsLeftOutAndNamedOnce) {
  add(scored(0, 10.0));
  add(scored(1, 12.0));
  const auto copy = folder / "b.sqlite";
  std::filesystem::copy_file(file, copy);
  {
    auto database = Database::open_for_writing(file);
    add_remark(database, runs(database, {}).front().uuid, RemarkKind::kHide, "wrong split");
  }
  for (const auto& files : {std::vector{file, copy}, std::vector{copy, file}}) {
    const Report report = build_report(files, {});
    EXPECT_EQ(report.experiments.at(0).metrics.at(0).last.n, 1);
    EXPECT_EQ(
        std::ranges::count_if(report.warnings,
                              [](const std::string& warning) {
                                return warning.ends_with("is hidden and left out: wrong split.");
                              }),
        1);
  }
}

// Older runs say their median speed alone: 1,000 images at 100 a second.
TEST_F(ReportOf, TrainingTakesWhatItsStepsTookAndWhatItStandsOn) {
  MadeUpRun run = scored(0, 10.0);
  add(run);
  const auto seconds = [&] { return *build_report(file, {}).experiments[0].training_seconds.mean; };
  EXPECT_DOUBLE_EQ(seconds(), 10.0);
  run.notes = {{1000, "trained", "12.250 s of training steps"}};
  add(run);
  EXPECT_DOUBLE_EQ(seconds(), 12.25);
  run.notes.push_back({0, "encoded", "2.500 s for the latents of the training images"});
  add(run);
  EXPECT_DOUBLE_EQ(seconds(), 12.25) << "without a first stage nothing was encoded for it";
}

TEST_F(ReportOf, RepeatedSeedCountsOnceWithItsNewestRun) {
  add(scored(0, 10.0));
  add(scored(0, 20.0));
  const Report report = build_report(file, {});
  EXPECT_DOUBLE_EQ(*report.experiments[0].metrics.at(0).last.mean, 20.0);
  EXPECT_EQ(report.experiments[0].counted.size(), 1U);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("older run")));
}

TEST_F(ReportOf, DivergedRunIsShownAndInNoMean) {
  add(scored(0, 10.0));
  MadeUpRun bad = scored(1, 900.0);
  bad.status = "diverged";
  bad.reason = "loss is nan";
  add(bad);
  const Report report = build_report(file, {});
  EXPECT_DOUBLE_EQ(*report.experiments[0].metrics.at(0).last.mean, 10.0);
  ASSERT_EQ(report.unfinished.size(), 1U);
  EXPECT_EQ(report.unfinished[0].reason, "loss is nan");
  EXPECT_THAT(report.summary, HasSubstr("1 not complete"));
}

TEST_F(ReportOf, TwoProtocolsAreTwoColumnsAndAWarning) {
  add(scored(0, 10.0, {{"weights", "ema"}}));
  add(scored(1, 12.0, {{"weights", "raw"}}));
  const Report report = build_report(file, {});
  ASSERT_EQ(report.columns.size(), 2U);
  EXPECT_EQ(report.experiments[0].metrics.size(), 2U);
  EXPECT_EQ(report.experiments[0].metrics[0].last.n, 1);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("differ in weights")));
}

TEST_F(ReportOf, SmokeDirtyAndSeveralMachinesAreWarnedOf) {
  MadeUpRun run = scored(0, 10.0);
  run.smoke = true;
  run.dirty = true;
  add(run);
  run = scored(1, 11.0);
  run.cpu = "Another CPU";
  add(run);
  const Report report = build_report(file, {});
  EXPECT_THAT(report.warnings, Contains(HasSubstr("--smoke")));
  EXPECT_THAT(report.warnings, Contains(HasSubstr("uncommitted changes")));
  EXPECT_THAT(report.warnings, Contains(HasSubstr("2 machines")));
  EXPECT_EQ(report.commits.size(), 2U);
}

TEST_F(ReportOf, ARunUnderOtherValuesThanItsDefinitionsIsWarnedOf) {
  MadeUpRun run = scored(4, 10.0);
  run.overrides = "--set train.images=10";
  add(run);
  EXPECT_THAT(build_report(file, {}).warnings,
              Contains("vae/example was run with --set train.images=10: not as it is defined."));
}

TEST_F(ReportOf, SmokeRunIsRepeatedWithSmoke) {
  MadeUpRun run = scored(4, 10.0);
  run.smoke = true;
  add(run);
  const Report report = build_report(file, {});
  EXPECT_EQ(report.experiments[0].command, "./assay run vae/example --seeds 4 --smoke");
  EXPECT_EQ(report.experiments[0].label, "vae/example (smoke)");
}

TEST_F(ReportOf, SameNameUnderTwoDefinitionsIsToldApart) {
  add(scored(0, 10.0));
  MadeUpRun changed = scored(0, 12.0);
  changed.id_digit = 'c';
  add(changed);
  const Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 2U);
  EXPECT_EQ(report.experiments[1].label, "vae/example · cccccccc");
  EXPECT_THAT(report.warnings, Contains(HasSubstr("vae/example was run under 2 definitions")));
}

TEST_F(ReportOf, OneTrainingThatIsScoredTwiceIsNoWarning) {
  MadeUpRun run = scored(0, 10.0);
  run.training_id = std::string(64, 'b');
  add(run);
  run.id_digit = 'c';
  add(run);
  EXPECT_THAT(build_report(file, {}).warnings, Not(Contains(HasSubstr("definitions"))));
}

TEST_F(ReportOf, SweptExperimentsAreToldApartByWhatDiffers) {
  for (const int size : {64, 128}) {
    MadeUpRun run = scored(0, 10.0);
    run.id_digit = size == 64 ? 'a' : 'c';
    run.settings = fmt::format("[train]\nbatch_size = {}\nimages = 1000\n", size);
    add(run);
  }
  const Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 2U);
  EXPECT_EQ(report.experiments[0].label, "vae/example · train.batch_size = 64");
  EXPECT_EQ(report.experiments[1].label, "vae/example · train.batch_size = 128");
}

TEST_F(ReportOf, ExperimentsThatDifferInMuchAreToldApartByWhatTellsMost) {
  const std::string much =
      "[eval]\nevery_images = {}\nextractor = \"{}\"\nreference_count = {}\n"
      "untrained = {}\n";
  MadeUpRun run = scored(0, 10.0);
  run.uuid = random_uuid();
  run.training_id = std::string(64, 'b');
  run.settings = fmt::format(fmt::runtime(much), 1000, "fmnist-cnn", 0, true);
  add(run);
  MadeUpRun other = run;
  run.id_digit = 'c';
  run.parent_uuid = run.uuid;
  run.uuid = "";
  run.settings = fmt::format(fmt::runtime(much), 0, "efficientnet-lite0", 2000, false);
  add(run);
  Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 2U);
  EXPECT_EQ(report.experiments[0].label, "vae/example") << "whose weights the other scores";
  EXPECT_EQ(report.experiments[1].label,
            "vae/example · eval.extractor = \"efficientnet-lite0\", …");
  // Two that trained, and as many seeds of each: each says what it is scored by.
  other.id_digit = 'd';
  other.uuid = "";
  other.settings = fmt::format(fmt::runtime(much), 500, "pixels", 100, true);
  add(other);
  report = build_report(file, {});
  EXPECT_EQ(report.experiments[0].label, "vae/example · eval.extractor = \"fmnist-cnn\", …");
  EXPECT_EQ(report.experiments[2].label, "vae/example · eval.extractor = \"pixels\", …");
}

TEST_F(ReportOf, WantedExperimentsComeInTheirOrder) {
  add(scored(0, 10.0));
  MadeUpRun other = scored(0, 12.0);
  other.experiment = "gan/example";
  other.id_digit = 'b';
  add(other);
  other.experiment = "flow/example";
  other.id_digit = 'c';
  add(other);
  const Report report = build_report(file, {"suite", {"vae/example", "gan/example"}, ""});
  ASSERT_EQ(report.experiments.size(), 2U);
  EXPECT_EQ(report.experiments[0].name, "vae/example");
  EXPECT_EQ(report.experiments[1].name, "gan/example");
}

TEST_F(ReportOf, RunsInTwoDatabasesCountOnce) {
  add(scored(0, 10.0));
  std::filesystem::copy_file(file, folder / "copy.sqlite");
  {
    auto database = Database::open_for_writing(folder / "copy.sqlite");
    test::add_run(database, scored(1, 14.0));
  }
  const std::vector<std::filesystem::path> files = {file, folder / "copy.sqlite"};
  const Report report = build_report(files, {});
  EXPECT_EQ(report.experiments[0].counted.size(), 2U);
  EXPECT_DOUBLE_EQ(*report.experiments[0].metrics.at(0).last.mean, 12.0);
}

class Headline : public ReportOf {
 protected:
  void add_experiment(char digit, const std::vector<double>& fds) {
    for (std::size_t seed = 0; seed < fds.size(); ++seed) {
      MadeUpRun run = scored(seed, fds[seed]);
      run.experiment = std::string("vae/") + digit;
      run.id_digit = digit;
      add(run);
    }
  }
  std::string summary() { return build_report(file, {}).summary; }
  std::size_t coloured() {
    const std::string page = render(build_report(file, {}), Format::kHtml);
    std::size_t count = 0;
    for (auto at = page.find("\"num best\""); at != std::string::npos;
         at = page.find("\"num best\"", at + 1)) {
      ++count;
    }
    return count;
  }
};

TEST_F(Headline, NamesAClearWinnerAlone) {
  add_experiment('a', {10.0, 11.0, 12.0});
  add_experiment('b', {50.0, 51.0, 52.0});
  EXPECT_THAT(summary(), HasSubstr("Of the 2 that were scored with fd, vae/a has the lowest mean: "
                                   "11.0 ± 1.0 (n = 3, 9.1× better than untrained)."));
  EXPECT_EQ(coloured(), 1U);
}

TEST_F(Headline, NamesNobodyWhereTheBestAreEqual) {
  for (const char digit : {'a', 'b', 'c'}) add_experiment(digit, {5.0});
  add_experiment('d', {6.0});
  EXPECT_THAT(summary(), HasSubstr("Of the 4 that were scored with fd, vae/a, vae/b and vae/c have "
                                   "the same, lowest mean: 5."));
  EXPECT_EQ(coloured(), 0U);
  add_experiment('e', {5.0});
  EXPECT_THAT(summary(), HasSubstr("vae/a, vae/b, vae/c and 1 more have the same"));
}

// p by scipy.stats.ttest_ind(equal_var=False): 0.2879, the largest of three, so Holm leaves it.
TEST_F(Headline, SaysWhereNoDifferenceToTheNextCanBeShown) {
  add_experiment('a', {10.0, 11.0, 12.0});
  add_experiment('b', {16.0, 17.0, 18.0});
  EXPECT_THAT(summary(), Not(HasSubstr("lies")));
  add_experiment('c', {11.0, 12.0, 13.0});
  EXPECT_THAT(summary(),
              HasSubstr("vae/a has the lowest mean: 11.0 ± 1.0 (n = 3, 9.1× better than "
                        "untrained); vae/c lies 1 above it at 12.0 ± 1.0 (n = 3): no difference "
                        "can be shown (p = 0.29 over the table)."));
}

// scipy: p = 0.0060.
TEST_F(Headline, LetsTwoSeedsDecideWhereTheyLieFarApartAndWarns) {
  add_experiment('a', {13.65, 15.75});
  add_experiment('b', {44.65, 47.75});
  EXPECT_THAT(summary(), HasSubstr("vae/a has the lowest mean: 14.7 ± 1.5 (n = 2, 6.8× better than "
                                   "untrained)."));
  EXPECT_THAT(build_report(file, {}).warnings,
              Contains(HasSubstr("2 experiments have fewer than 3 seeds")));
}

TEST_F(Headline, SaysWhereTheLeadIsOfOneSeed) {
  add_experiment('a', {10.0});
  add_experiment('b', {50.0});
  EXPECT_THAT(summary(), HasSubstr("vae/a has the lowest mean: 10 (n = 1, 10× better than "
                                   "untrained); vae/b lies 40 above it at 50 (n = 1): one seed a "
                                   "side says nothing of another."));
  add_experiment('c', {30.0, 31.0});
  // (10 − 30.5) / (0.7071 √1.5) = −23.67; Student's t with one degree: p = 0.0269, of three tests.
  EXPECT_THAT(summary(), HasSubstr("vae/c lies 20.5 above it at 30.50 ± 0.71 (n = 2): one seed "
                                   "decides nothing (p = 0.081 over the table)."));
}

TEST_F(ReportOf, WarnsOfADebugBuild) {
  MadeUpRun run = scored(0, 10.0);
  run.compiler = "g++ 12.2.0, debug build";
  add(run);
  EXPECT_THAT(build_report(file, {}).warnings,
              Contains(HasSubstr("Made by a debug build: 1 run.")));
}

TEST_F(Headline, CallsATrainedModelThatIsAsTheUntrainedOneNoBetter) {
  add_experiment('a', {99.7, 100.0, 100.3});
  EXPECT_EQ(improvement_text(build_report(file, {}).experiments[0].metrics[0], Better::kLower),
            "no better");
  add_experiment('b', {500.0, 501.0, 502.0});
  EXPECT_THAT(summary(), HasSubstr("(n = 3, no better than untrained)."));
}

class Settings : public ReportOf {
 protected:
  void add_seeds(const MadeUpRun& like, std::uint64_t first, std::uint64_t last, double fd) {
    for (std::uint64_t seed = first; seed <= last; ++seed) {
      MadeUpRun run = like;
      run.seed = seed;
      run.last = {{"fd", fd, 1.0, {}}};
      add(run);
    }
  }
};

TEST_F(Settings, OfAnotherDeviceArePooledNowhere) {
  MadeUpRun run;
  add_seeds(run, 0, 1, 10.0);
  run.device = "cuda";
  add_seeds(run, 1, 2, 30.0);
  const Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 2U);
  EXPECT_EQ(report.experiments[0].label, "vae/example · device = cpu");
  EXPECT_EQ(report.experiments[1].label, "vae/example · device = cuda");
  EXPECT_EQ(*report.experiments[0].metrics.at(0).last.mean, 10.0);
  EXPECT_EQ(*report.experiments[1].metrics.at(0).last.mean, 30.0);
  EXPECT_EQ(report.experiments[0].losses.at(0).seeds, 2);
  EXPECT_EQ(report.experiments[1].command, "./assay run vae/example --seeds 1,2 --device cuda");
  const std::string warning =
      "The runs differ in device: cpu (vae/example), cuda (vae/example); no mean mixes them, but "
      "what tells such rows apart may be that alone.";
  EXPECT_THAT(report.warnings, Contains(warning));
  EXPECT_THAT(report.summary, HasSubstr("1 experiment in 4 runs"));
  for (const Format format : {Format::kHtml, Format::kMarkdown, Format::kJson}) {
    EXPECT_THAT(render(report, format), HasSubstr("The runs differ in device: cpu"));
  }
}

TEST_F(Settings, OfSmokeRunsArePooledNowhere) {
  MadeUpRun run;
  add_seeds(run, 0, 1, 10.0);
  run.smoke = true;
  add_seeds(run, 1, 1, 900.0);
  const Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 2U);
  EXPECT_EQ(report.experiments[0].label, "vae/example");
  EXPECT_EQ(report.experiments[1].label, "vae/example (smoke)");
  EXPECT_EQ(*report.experiments[0].metrics.at(0).last.mean, 10.0);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("differ in smoke: no (vae/example), yes")));
}

TEST_F(Settings, OfOtherThreadsArePooledWithAWarning) {
  MadeUpRun run;
  add_seeds(run, 0, 1, 10.0);
  run.threads = 4;
  add_seeds(run, 2, 2, 13.0);
  const Report report = build_report(file, {});
  ASSERT_EQ(report.experiments.size(), 1U);
  EXPECT_EQ(*report.experiments[0].metrics.at(0).last.mean, 11.0);
  EXPECT_THAT(report.warnings, Contains("The runs differ in threads: 1 (vae/example), 4 "
                                        "(vae/example); they are pooled all the same in "
                                        "vae/example."));
}

TEST_F(Settings, ThatAllRunsShareAreNotSpokenOf) {
  MadeUpRun run;
  run.device = "cuda";
  run.threads = 4;
  add_seeds(run, 0, 2, 10.0);
  EXPECT_THAT(build_report(file, {}).warnings, Not(Contains(HasSubstr("The runs differ"))));
}

// Three latent sizes, each on two devices: two sweeps, none of which mixes devices.
TEST_F(Settings, OfAnotherDeviceAreSweepsOfTheirOwn) {
  for (const char* device : {"cpu", "cuda"}) {
    for (const int size : {2, 4, 8}) {
      MadeUpRun run;
      run.id_digit = static_cast<char>('a' + size / 2);
      run.device = device;
      run.settings = fmt::format("[model]\nlatent_dim = {}\n", size);
      add_seeds(run, 0, 0, 10.0);
    }
  }
  const Report report = build_report(file, {});
  ASSERT_EQ(report.sweeps.size(), 2U);
  for (const Sweep& sweep : report.sweeps) {
    ASSERT_EQ(sweep.points.size(), 3U);
    const std::string& device = report.experiments[sweep.points[0].experiment].device;
    for (const auto& point : sweep.points) {
      EXPECT_EQ(report.experiments[point.experiment].device, device);
    }
  }
}

TEST_F(ReportOf, TwoStatesOfAChangedCheckoutAreTwoCommits) {
  const std::string commit = "0123456789abcdef0123456789abcdef01234567";
  for (const char* digest : {"+aaaaaaaaaaaa", "+bbbbbbbbbbbb"}) {
    MadeUpRun run = scored(digest[1] == 'a' ? 0 : 1, 10.0);
    run.commit = commit + digest;
    run.dirty = true;
    add(run);
  }
  EXPECT_THAT(
      build_report(file, {}).commits,
      testing::ElementsAre("0123456789 + changes aaaaaaaa", "0123456789 + changes bbbbbbbb"));
}

TEST_F(ReportOf, SeedsThatTrainedAsOneModelCountTheirTimeOnce) {
  const std::string together =
      "trained with seeds 0, 1 as one model of 2 places; images/s are this seed's own";
  for (const std::uint64_t seed : {0, 1, 2}) {
    MadeUpRun run = scored(seed, 10.0);
    run.wall_seconds = seed == 2 ? 7.0 : 30.0 + static_cast<double>(seed);
    run.notes = {{0, "seed_batch", seed == 2 ? "trained alone: faster" : together}};
    add(run);
  }
  const Report report = build_report(file, {});
  // The batch took as long as the longer of its seeds, 31 s; seed 2 its own 7 s.
  EXPECT_DOUBLE_EQ(report.experiments[0].computing_seconds, 38.0);
  EXPECT_THAT(report.summary, HasSubstr(", 38 s of computing."));
}

TEST_F(ReportOf, PeakMemoryOfAGpuRunSaysWhoseItIs) {
  MadeUpRun run = scored(0, 10.0);
  run.device = "cuda";
  add(run);
  EXPECT_EQ(build_report(file, {}).experiments[0].peak_memory_of, "process");
  EXPECT_THAT(render(build_report(file, {}), Format::kMarkdown), HasSubstr("| 1 MiB (process) |"));
  run.seed = 1;
  run.notes = {{1000, "peak_memory", "the peak is of the GPU's allocator"}};
  add(run);
  EXPECT_THAT(render(build_report(file, {}), Format::kMarkdown), HasSubstr("| 1 MiB (GPU) |"));
}

TEST_F(ReportOf, EmptyDatabaseSaysSo) {
  { auto database = Database::open_for_writing(file); }
  EXPECT_EQ(build_report(file, {}).summary, "There is no run to report on yet.");
}

TEST_F(ReportOf, MissingDatabaseIsAUsageError) {
  EXPECT_THROW(build_report(folder / "none.sqlite", {}), Error);
}

}  // namespace
}  // namespace assay
