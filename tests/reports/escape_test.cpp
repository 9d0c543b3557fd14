// SPDX-License-Identifier: Apache-2.0
#include "reports/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

TEST(Escape, HtmlLeavesNoTagAndNoQuote) {
  EXPECT_EQ(html_text("<img src=x onerror=alert(1)>"), "&lt;img src=x onerror=alert(1)&gt;");
  EXPECT_EQ(html_attribute("\"' onload=x &amp;"), "&quot;&#39; onload=x &amp;amp;");
}

TEST(Escape, BytesThatAreNoTextBecomeReplacementCharacters) {
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a\uFFFDb");
  EXPECT_EQ(valid_utf8(std::string("\0x", 2)), "\uFFFDx");
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong '/'
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(valid_utf8("\xE2\x82"), "\uFFFD\uFFFD");            // cut off
  EXPECT_EQ(valid_utf8("µ 漢 🙂"), "µ 漢 🙂");
}

TEST(Escape, CsvLeavesNumbersNumbers) {
  for (const char* number : {"-1.5", "+3", "-1e-07", "0.5", "12"}) {
    EXPECT_EQ(csv_field(number), number);
  }
}

TEST(Escape, ScriptJsonCannotEndItsElement) {
  EXPECT_EQ(script_json(R"({"a":"</script><!--&"})"),
            R"({"a":"\u003c/script\u003e\u003c!--\u0026"})");
}

TEST(Escape, MarkdownLeavesNoMarkup) {
  EXPECT_EQ(markdown_text("a|b\n# <b>*x*</b> [l](u) `c`"),
            "a\\|b \\# &lt;b&gt;\\*x\\*&lt;/b&gt; \\[l\\](u) \\`c\\`");
}

TEST(Escape, CsvQuotesAndDefusesFormulas) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
  // The beginnings that OWASP names, and a cell that a spreadsheet trims before it looks.
  EXPECT_EQ(csv_field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
  EXPECT_EQ(csv_field("+A1"), "'+A1");
  EXPECT_EQ(csv_field("-A1"), "'-A1");
  EXPECT_EQ(csv_field("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csv_field("\t=A1"), "\"'\t=A1\"");
  EXPECT_EQ(csv_field("\n=A1"), "\"'\n=A1\"");
  EXPECT_EQ(csv_field("\r=A1"), "\uFFFD=A1");
  EXPECT_EQ(csv_field("\uFF1DA1"), "'\uFF1DA1");
  EXPECT_EQ(csv_field("-1+cmd|' /C calc'!A0"), "'-1+cmd|' /C calc'!A0");
}

TEST(Escape, Base64MatchesRfc4648) {
  // Section 10 of the RFC.
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFF\xFE\xFD"), "//79");
}

TEST(LatexText, LeavesNoCharacterThatActs) {
  EXPECT_EQ(latex_text("a_b & 5% of $x$ {#1} ~^\\"),
            "a\\_b \\& 5\\% of \\$x\\$ \\{\\#1\\} \\textasciitilde{}\\textasciicircum{}"
            "\\textbackslash{}");
  EXPECT_EQ(latex_text("−1.5 ± 0.2\nnext"), "$-$1.5 $\\pm$ 0.2 next");
}

}  // namespace
}  // namespace assay
