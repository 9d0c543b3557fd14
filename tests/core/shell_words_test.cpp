// SPDX-License-Identifier: Apache-2.0
#include "core/shell_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The words that /bin/sh makes of a line, each in brackets.
std::string by_shell(const std::string& line) {
  const std::string command = "printf '[%s]' " + line;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string out;
  std::array<char, 256> block{};
  while (const auto n = fread(block.data(), 1, block.size(), pipe.get())) {
    out.append(block.data(), n);
  }
  return out;
}

TEST(ShellWord, IsQuotedOnlyWhereItMustBe) {
  EXPECT_EQ(shell_word("vae/fashion_mnist"), "vae/fashion_mnist");
  EXPECT_EQ(shell_word("train.images=64"), "train.images=64");
  EXPECT_EQ(shell_word("eval.metrics=[\"fd\"]"), "'eval.metrics=[\"fd\"]'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("=ls"), "'=ls'");
}

TEST(ShellWord, IsOneWordOfAShellWhateverItHolds) {
  for (const std::string word :
       {"a; rm -rf 'x'", "$(touch x)", "`id`", "~", "*", "a\nb", "\\", "\"", "'", "''", "a&b|c>d",
        "!x", "#", "{a,b}", "$HOME", "tab\there", "--set", "λ"}) {
    EXPECT_EQ(by_shell(shell_word(word)), "[" + word + "]");
    EXPECT_THAT(shell_words(shell_word(word)).value(), ElementsAre(word));
  }
}

TEST(ShellWords, ArePartedAsAShellPartsThem) {
  for (const std::string line :
       {R"(--set a=b --set 'c=[1, 2]')", R"(a"b c"'d e'\ f)", R"("a \"quoted\" \\ word" x)",
        R"("keeps \n")", "  a \t b\n", R"('' "")", R"('it'\''s')"}) {
    std::string ours;
    // The shell would end its line here; for us that is a space like any other.
    const std::string one_line = line.substr(0, line.find('\n'));
    const auto words = shell_words(line).value();
    for (const auto& word : words) ours += "[" + word + "]";
    EXPECT_EQ(ours, by_shell(one_line)) << line;
  }
}

TEST(ShellWords, TakeWhatAShellWouldCarryOutForItself) {
  EXPECT_THAT(shell_words("a; $(x) >y").value(), ElementsAre("a;", "$(x)", ">y"));
  EXPECT_THAT(shell_words("").value(), IsEmpty());
}

TEST(ShellWords, OfALineThatDoesNotEndAreNothing) {
  for (const char* line : {"'a", "\"a", "a\\", "\"a\\\""}) EXPECT_FALSE(shell_words(line)) << line;
}

}  // namespace
}  // namespace assay
