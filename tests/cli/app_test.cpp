// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

int run(std::vector<std::string> words) {
  words.insert(words.begin(), "assay");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  return App().run(static_cast<int>(arguments.size()), arguments.data());
}

TEST(App, AnswersAMistypedCommandWithTheNearMiss) {
  EXPECT_THAT(
      [] {
        run({"rnu", "smoke"});
      },
      ThrowsMessage<Error>(HasSubstr("'rnu' is not a command; did you mean 'run'?")));
}

TEST(App, AnswersAMistypedOptionWithTheNearMiss) {
  EXPECT_THAT(
      [] {
        run({"run", "smoke", "--sedes", "1"});
      },
      ThrowsMessage<Error>(HasSubstr("--sedes: unknown option; did you mean '--seeds'?")));
  EXPECT_THAT(
      [] {
        run({"list", "--jsno"});
      },
      ThrowsMessage<Error>(HasSubstr("did you mean '--json'?")));
}

TEST(App, KnowsWhichOptionsTakeAValue) {
  EXPECT_THAT(
      [] {
        run({"--quiet", "rnu"});
      },
      ThrowsMessage<Error>(HasSubstr("'rnu' is not a command")));
  EXPECT_THAT(
      [] {
        run({"--db", "x", "rnu"});
      },
      ThrowsMessage<Error>(HasSubstr("'rnu' is not a command")));
  EXPECT_THAT(
      [] {
        run({"data", "verfy", "x"});
      },
      ThrowsMessage<Error>(HasSubstr("did you mean 'verify'?")));
}

TEST(App, SaysWhereWeightsArePublishedAndBelong) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"data", "fetch", "inception"}), 0);
  const std::string page = testing::internal::GetCapturedStdout();
  for (const char* part :
       {"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
        "pt_inception-2015-12-05-6726825d.pth",
        "95628359 bytes", "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        "ci/convert_weights.py pt_inception-2015-12-05-6726825d.pth ",
        "weights/inception-v3.safetensors", "downloads nothing"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
}

TEST(App, SaysHowToGetADataSet) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"data", "fetch", "cifar10"}), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("to get it"));
  EXPECT_THAT(
      [] {
        run({"data", "fetch", "inceptoin-v3"});
      },
      ThrowsMessage<Error>(HasSubstr("did you mean 'inception-v3'?")));
}

TEST(App, WrongUseIsAUsageError) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"run"},
                                                {"run", "smoke", "--jobs", "0"},
                                                {"show"},
                                                {"report", "--format", "pdf"},
                                                {"eval", "--generated", "x"},
                                                {"run", "smoke", "--max-minutes", "-1"}}) {
    try {
      run(words);
      ADD_FAILURE() << "accepted";
    } catch (const Error& problem) {
      EXPECT_EQ(problem.code(), ExitCode::kUsage);
    }
  }
}

TEST(App, NamesThatAreNoneAreRefusedWithAWayOut) {
  EXPECT_THAT([] { run({"list", "--db", ""}); }, ThrowsMessage<Error>(HasSubstr("needs a value")));
  EXPECT_THAT(
      [] {
        run({"report", "--out", "-"});
      },
      ThrowsMessage<Error>(HasSubstr("-: is no name of a file; name one, or /dev/stdout")));
}

TEST(App, EveryCommandHasHelpWithAnExample) {
  for (const char* command : {"run", "resume", "list", "describe", "status", "show", "report",
                              "eval", "sample", "verify", "data", "prune", "doctor"}) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(run({command, "--help"}), 0);
    EXPECT_THAT(testing::internal::GetCapturedStdout(),
                HasSubstr(std::string("Example: assay ") + command))
        << command;
  }
}

TEST(App, HelpNamesTheCommandsAndNotTheWorker) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"--help"}), 0);
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_THAT(help, HasSubstr("verify"));
  EXPECT_EQ(help.find("worker"), std::string::npos);
}

}  // namespace
}  // namespace assay
