// SPDX-License-Identifier: Apache-2.0
#include "reports/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdlib>

#include "core/file.h"
#include "reports/markdown.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const auto begin = text.find(open) + open.size();
  return text.substr(begin, text.find(close, begin) - begin);
}

class Page : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    TemporaryFolder folder;
    test::fill_large(folder / "large.sqlite");
    page_ =
        report_html(build_report(folder / "large.sqlite", {"demo", {}, "2026-11-23T12:00:00Z"}));
    // For a look at it in a browser.
    const char* keep = std::getenv("ASSAY_KEEP_PAGE");
    if (keep != nullptr) write_file_atomically(keep, page_);
  }
  static std::string page_;
};
std::string Page::page_;

TEST_F(Page, RefersToNothingOutside) {
  for (const std::string attribute : {"src=", "href="}) {
    for (const std::string quote : {"", "\"", "'"}) {
      for (const std::string target : {"http:", "https:", "//"}) {
        EXPECT_EQ(count(page_, attribute + quote + target), 0U) << attribute << quote << target;
      }
    }
  }
  EXPECT_THAT(page_, Not(HasSubstr("@import")));
  EXPECT_THAT(page_, Not(HasSubstr("url(")));
}

TEST_F(Page, HasNoInlineStyleAndNoInlineHandler) {
  EXPECT_THAT(page_, Not(HasSubstr(" style=")));
  EXPECT_THAT(page_, Not(HasSubstr(" onclick=")));
}

// OpenSSL's own base64 of its own digest: nothing of reports/.
std::string independent_hash(const std::string& text) {
  unsigned char digest[32];
  EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_sha256(), nullptr);
  unsigned char encoded[64];
  const int size = EVP_EncodeBlock(encoded, digest, 32);
  return "'sha256-" +
         std::string(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size)) + "'";
}

TEST_F(Page, PolicyAllowsExactlyItsStyleAndScript) {
  const std::string policy = between(page_, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_EQ(policy, "default-src 'none'; style-src " +
                        independent_hash(between(page_, "<style>", "</style>")) + "; script-src " +
                        independent_hash(between(page_, "<script>", "</script>")) +
                        "; img-src data:");
}

TEST_F(Page, ShowsEverySectionWithCurvesPicturesAndTables) {
  for (const auto* id : {"comparison", "samples", "curves", "speed", "unfinished", "provenance"}) {
    EXPECT_THAT(page_, HasSubstr(std::string("<section id=\"") + id + "\">"));
    EXPECT_THAT(page_, HasSubstr(std::string("<a href=\"#") + id + "\">"));
  }
  // fd, precision, recall under two protocols, modes and share; 3 + 2 + 1 + 1 losses; of the two
  // that share a table fd against seconds of a run and of samples, precision against recall.
  EXPECT_EQ(count(page_, "<svg "), 8U + 7U + 3U);
  EXPECT_GE(count(page_, "data:image/png;base64,"), 3U);
  EXPECT_THAT(page_, HasSubstr("generator loss is nan; last good step 1875"));
  EXPECT_THAT(page_, HasSubstr("./assay run gan/dcgan_fashion_mnist --seeds 0,1,2\n"));
}

TEST_F(Page, StaysSmallWithoutItsPictures) {
  std::string without = page_;
  for (auto at = without.find("base64,"); at != std::string::npos;
       at = without.find("base64,", at + 1)) {
    without.erase(at + 7, without.find('"', at) - at - 7);
  }
  EXPECT_LT(without.size(), 400'000U);
}

TEST_F(Page, ScriptIsSmall) { EXPECT_LT(between(page_, "<script>", "</script>").size(), 10'000U); }

TEST(HostilePage, ShowsEveryPayloadAsText) {
  TemporaryFolder folder;
  const std::string payload =
      "<img src=x onerror=alert(1)>'\"; DROP TABLE run;--</script></style><svg onload=1>";
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    test::MadeUpRun run;
    run.experiment = payload;
    run.note = payload;
    run.cpu = payload;
    run.untrained = {{payload, 2.0, 1.0, {{payload, payload}}}};
    run.last = {{payload, 1.0, 1.0, {{payload, payload}}}};
    test::add_run(database, run);
    run.seed = 1;
    run.status = "failed";
    run.reason = payload;
    test::add_run(database, run);
  }
  const Report report = build_report(folder / "a.sqlite", {payload, {}, ""});
  const std::string page = report_html(report);
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, Not(HasSubstr("<svg onload")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;&#39;&quot;; DROP TABLE run;--"));
  EXPECT_EQ(count(page, "</script>"), 2U);
  EXPECT_EQ(count(page, "</style>"), 1U);
  const std::string markdown = report_markdown(report);
  const auto fence = markdown.find("```");
  EXPECT_THAT(markdown.substr(0, fence), Not(HasSubstr("<img")));
  EXPECT_THAT(render(report, Format::kJson), HasSubstr("<img src=x onerror=alert(1)>'\\\""));
}

TEST(EmptyPage, SaysThatThereIsNothing) {
  TemporaryFolder folder;
  { auto database = Database::open_for_writing(folder / "a.sqlite"); }
  EXPECT_THAT(report_html(build_report(folder / "a.sqlite", {})),
              HasSubstr("There is no run to report on yet."));
}

}  // namespace
}  // namespace assay
