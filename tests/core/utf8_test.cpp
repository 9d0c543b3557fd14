// SPDX-License-Identifier: Apache-2.0
#include "core/utf8.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace assay {
namespace {

TEST(Utf8, IsWhatUnicodesTableAllows) {
  // Unicode 15, table 3-7: first and last of each row, and what lies beside them.
  for (const char* text : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "µ 漢 🙂"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const char* bytes :
       {"\x80", "caf\xE9", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(is_utf8(bytes));
  }
}

TEST(Utf8, JsonOfAnyBytesIsStrict) {
  const nlohmann::ordered_json json = {{"path", "caf\xE9/x"}, {"µ", 1}};
  EXPECT_EQ(json_text(json), "{\"path\":\"caf\uFFFD/x\",\"µ\":1}");
  EXPECT_EQ(nlohmann::json::parse(json_text(json, 2)).at("path"), "caf\uFFFD/x");
}

}  // namespace
}  // namespace assay
