// SPDX-License-Identifier: Apache-2.0
#include "cli/text/protocol_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::ElementsAre;

MetricRow metric(const std::string& name, const Protocol& protocol) {
  MetricRow row;
  row.name = name;
  row.protocol = protocol;
  return row;
}

TEST(ProtocolNotes, SayEachFieldOnce) {
  const Protocol fd = {{"n", "100"}, {"weights", "ema"}, {"estimator", "n - 1"}};
  const Protocol recall = {{"n", "100"}, {"weights", "ema"}, {"k", "3"}};
  const auto notes =
      protocol_notes(std::vector{metric("fd", fd), metric("fd", fd), metric("recall", recall)});
  EXPECT_THAT(notes.marks, ElementsAre("[1]", "[1]", "[2]"));
  EXPECT_EQ(notes.text, "protocol of all: n=100 weights=ema\n[1] estimator=n - 1\n[2] k=3\n");
}

TEST(ProtocolNotes, MarkNothingWhereAllIsShared) {
  const Protocol one = {{"n", "100"}, {"digest", std::string(64, 'a')}};
  const auto notes = protocol_notes(std::vector{metric("fd", one), metric("kid", one)});
  EXPECT_THAT(notes.marks, ElementsAre("", ""));
  EXPECT_EQ(notes.text, "protocol of all: digest=aaaaaaaaaaaa… n=100\n");
}

TEST(ProtocolNotes, TellApartWhatDiffersInOneFieldAlone) {
  const auto notes = protocol_notes(std::vector{
      metric("fd", {{"weights", "ema"}}), metric("fd", {{"weights", "raw"}}), metric("fd", {})});
  EXPECT_THAT(notes.marks, ElementsAre("[1]", "[2]", ""));
  EXPECT_EQ(notes.text, "[1] weights=ema\n[2] weights=raw\n");
}

TEST(ProtocolChanges, NameEachFieldThatCameWentOrChanged) {
  const Protocol then = {{"k", "3"}, {"resize", "bicubic"}, {"weights", "ema"}};
  const Protocol now = {{"k", "5"}, {"reference_digest", std::string(64, 'a')}, {"weights", "ema"}};
  EXPECT_EQ(protocol_changes(then, now),
            "k: 3 then, 5 now; reference_digest: none then, aaaaaaaaaaaa… now; "
            "resize: bicubic then, none now");
  EXPECT_EQ(protocol_changes(then, then), "");
}

TEST(ProtocolNotes, OfNothingAreNothing) { EXPECT_EQ(protocol_notes({}).text, ""); }

}  // namespace
}  // namespace assay
