// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/context.h"
#include "cli/text/table.h"

namespace assay {
namespace {

TEST(TerminalText, GivesNoOrdersToATerminal) {
  EXPECT_EQ(terminal_text("\x1b[2Jgone"), "\uFFFD[2Jgone");
  EXPECT_EQ(terminal_text("two\nlines\tand a tab"), "two lines and a tab");
  EXPECT_EQ(terminal_text("latin \xE9 and µ"), "latin \uFFFD and µ");
}

TEST(TerminalText, IsWhatTablesShow) {
  Table table({"run", "reason"});
  table.add({"1", "\x1b]0;title\x07 failed\nso"});
  EXPECT_EQ(table.text().find('\x1b'), std::string::npos);
  EXPECT_NE(table.text().find("failed so"), std::string::npos);
}

TEST(PrintJson, PrintsADocumentWhateverTheBytes) {
  testing::internal::CaptureStdout();
  print_json({{"reason", "caf\xE9"}});
  const auto read = Json::parse(testing::internal::GetCapturedStdout());
  EXPECT_EQ(read["reason"], "caf\uFFFD");
}

}  // namespace
}  // namespace assay
