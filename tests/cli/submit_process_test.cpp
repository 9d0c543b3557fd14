// SPDX-License-Identifier: Apache-2.0
// `assay submit` with stand-ins for sbatch and squeue on PATH; ci/slurm-test has the real ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "cli/submit/array_script.h"
#include "data/npz.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ArrayScript, PassesWordsThatAShellWouldReadOtherwise) {
  const ArrayOptions options{"/opt/as say", "/shared/it's", "assay-x", 2, 3, {"--time=9"}};
  const std::string script =
      array_script({{"a-seed0", "x --set 'eval.metrics=[\"fd\"]'"}}, options);
  EXPECT_THAT(script, HasSubstr("program='/opt/as say'\n"));
  EXPECT_THAT(script, HasSubstr("folder='/shared/it'\\''s'\n"));
  EXPECT_THAT(script,
              HasSubstr("0) name=a-seed0 arguments=(x --set 'eval.metrics=[\"fd\"]') ;;\n"));
  EXPECT_THAT(sbatch_words("/s.sh", 7, options),
              ElementsAre("sbatch", "--parsable", "--job-name=assay-x", "--array=0-6%3",
                          "--cpus-per-task=2", "--output=/shared/it's/logs/%A_%a.log",
                          "--signal=B:TERM@120", "--time=9", "/s.sh"));
}

class SubmitTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    // Does the tasks whose numbers stand in `does`, one after the other, and answers like sbatch.
    stand_in(
        "sbatch",
        "echo \"$@\" >> $here/sbatch.log\n"
        "script=${@: -1}\n"
        "for task in $(cat $here/does); do\n"
        "  SLURM_ARRAY_TASK_ID=$task TMPDIR=$here/disk bash \"$script\" >> $here/tasks.log 2>&1\n"
        "done\n"
        "n=$(wc -l < $here/sbatch.log); echo \"$((16 + n));cluster\"");
    stand_in("squeue", "cat $here/queue");
    write_file_atomically(folder_ / "queue", "");
    fs::create_directory(folder_ / "disk");
    path_ = std::getenv("PATH");
    setenv("PATH", ((folder_ / "bin").string() + ":" + path_).c_str(), 1);
  }
  void TearDown() override {
    setenv("PATH", path_.c_str(), 1);
    ProcessTest::TearDown();
  }
  void stand_in(const std::string& name, const std::string& script) {
    const fs::path file = folder_ / "bin" / name;
    write_file_atomically(file, "#!/bin/bash\nhere=" + folder_.string() + "\n" + script + "\n");
    fs::permissions(file, fs::perms::owner_all);
  }
  int submit_into(const std::string& folder) const {
    return call({"submit", path("small.toml"), "--slurm", "--folder", path(folder)});
  }
  int submit() const {
    return call({"submit", (folder_ / "small.toml").string(), "--slurm", "--seeds", "0..1",
                 "--sweep", "eval.generated=200,210", "--folder", (folder_ / "runs").string()});
  }
  void do_tasks(const std::string& numbers) { write_file_atomically(folder_ / "does", numbers); }
  std::vector<std::string> databases() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "runs")) {
      if (entry.path().extension() == ".sqlite") files.push_back(entry.path().string());
    }
    return files;
  }

  std::string path_;
};

TEST_F(SubmitTest, NamesAFolderThatCannotBeMade) {
  write_file_atomically(folder_ / "taken" / "logs", "a file");
  EXPECT_EQ(submit_into("taken"), 2);
  EXPECT_THAT(err(), HasSubstr("taken/logs: the folder cannot be made"));
}

TEST_F(SubmitTest, TasksLeaveDatabasesThatUniteAndDeadOnesAreSubmittedAgain) {
  do_tasks("0 2");  // the nodes of 1 and 3 die
  ASSERT_EQ(submit(), 0) << err();
  EXPECT_THAT(out(), HasSubstr("4 runs: 0 complete, 0 queued or running, 4 to submit"));
  EXPECT_THAT(out(), HasSubstr("job 17: 4 tasks"));
  EXPECT_EQ(databases().size(), 2U) << read_file(folder_ / "tasks.log");
  EXPECT_TRUE(fs::is_empty(folder_ / "disk")) << "the node's disk is left as it was";
  // One of the dead still waits, as far as Slurm knows.
  write_file_atomically(folder_ / "queue", "17_3\n99_1\n");
  do_tasks("0");
  ASSERT_EQ(submit(), 0) << err();
  EXPECT_THAT(out(), HasSubstr("4 runs: 2 complete, 1 queued or running, 1 to submit"));
  write_file_atomically(folder_ / "queue", "");
  ASSERT_EQ(submit(), 0) << err();
  EXPECT_THAT(out(), HasSubstr("4 runs: 3 complete, 0 queued or running, 1 to submit"));
  ASSERT_EQ(submit(), 0) << err();
  EXPECT_THAT(out(), HasSubstr("all are complete"));
  std::vector<std::string> words = {"merge"};
  for (const auto& file : databases()) words.push_back(file);
  words.insert(words.end(), {"--into", db_});
  ASSERT_EQ(call(words), 0) << err();
  EXPECT_EQ(rows().size(), 4U);
  EXPECT_EQ(call({"doctor"}), 0);
  // What they computed is what `assay run` would.
  ASSERT_EQ(call({"run", (folder_ / "small.toml").string(), "--seeds", "0..1", "--sweep",
                  "eval.generated=200,210", "--report", (folder_ / "r.html").string()}),
            0);
  EXPECT_EQ(rows().size(), 4U) << "all are known as complete";
}

TEST_F(SubmitTest, OneDefinitionOnTwoFoldersIsTwoTasks) {
  do_tasks("");
  write_file_atomically(folder_ / "pictures.toml",
                        "extends = 'vae/fashion_mnist'\ndataset.name = 'npz'\n");
  for (const auto& [name, value] : std::map<std::string, int>{{"a", 50}, {"b", 60}}) {
    write_npz(folder_ / (name + ".npz"), {{"images", at::full({40, 28, 28, 1}, value, at::kByte)}});
  }
  const auto submit_both = [&] {
    return call({"submit", path("pictures.toml"), "--slurm", "--smoke", "--seeds", "0", "--sweep",
                 "dataset.path=" + path("a.npz") + "," + path("b.npz"), "--folder", path("runs")});
  };
  ASSERT_EQ(submit_both(), 0) << err();
  EXPECT_THAT(out(), HasSubstr("2 runs: 0 complete, 0 queued or running, 2 to submit"));
}

TEST_F(SubmitTest, ATaskGoesOnFromWhatAnEarlierOneLeft) {
  // Ten minutes of training, stopped by the time limit's signal.
  write_file_atomically(folder_ / "small.toml",
                        "extends = 'toy2d/ring_gan'\n[train]\nimages = 200000000\n"
                        "checkpoint_every_images = 2000\n[eval]\ngenerated = 200\n"
                        "reference_count = 200\nevery_images = 0\n");
  // Signals the task at its first checkpoint in training that no earlier one left.
  stand_in("sbatch",
           "SLURM_ARRAY_TASK_ID=0 TMPDIR=$here/disk bash \"${@: -1}\" >> $here/tasks.log 2>&1 & "
           "task=$!\n"
           "fresh() {\n"
           "  for f in $here/disk/*/*.checkpoints/*/*[1-9]*.safetensors; do\n"
           "    [[ -e $f ]] || continue\n"
           "    compgen -G \"$here/runs/*.checkpoints/*/${f##*/}\" > /dev/null || return 0\n"
           "  done\n"
           "  return 1\n"
           "}\n"
           "until fresh; do sleep 0.1; done\n"
           "kill -TERM $task; wait $task; echo $? >> $here/codes; echo 5");
  const auto once = [&] {
    return call({"submit", (folder_ / "small.toml").string(), "--slurm", "--seeds", "0", "--folder",
                 (folder_ / "runs").string()});
  };
  ASSERT_EQ(once(), 0) << err();
  ASSERT_EQ(once(), 0) << err();
  EXPECT_EQ(read_file(folder_ / "codes"), "130\n130\n") << read_file(folder_ / "tasks.log");
  ASSERT_EQ(databases().size(), 1U);
  db_ = databases().front();
  ASSERT_EQ(rows().size(), 1U) << "one run, not two";
  EXPECT_EQ(rows()[0].status, "interrupted");
  const Database database = Database::open_for_reading(db_);
  EXPECT_EQ(resumed_at(database, 1).size(), 1U);
}

TEST_F(SubmitTest, SaysWhatIsAmiss) {
  do_tasks("");
  EXPECT_EQ(call({"submit", "smoke"}), 2) << "the scheduler has to be named";
  stand_in("sbatch", "echo 'Invalid partition' >&2; exit 1");
  EXPECT_EQ(submit(), 2);
  EXPECT_THAT(err(), HasSubstr("Invalid partition"));
  EXPECT_THAT(err(), HasSubstr("sbatch failed (exit 1)"));
  stand_in("sbatch", "echo Submitted batch job 3");
  EXPECT_EQ(submit(), 2);
  EXPECT_THAT(err(), HasSubstr("and no job's number"));
  fs::remove(folder_ / "bin" / "sbatch");
  setenv("PATH", "/nowhere", 1);
  EXPECT_EQ(submit(), 2);
  EXPECT_THAT(err(), HasSubstr("sbatch is not on PATH"));
}

}  // namespace
}  // namespace assay
