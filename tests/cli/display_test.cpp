// SPDX-License-Identifier: Apache-2.0
#include "cli/run/display.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cli/text/table.h"

namespace assay {
namespace {

RunView view() {
  RunView view;
  view.row.number = 12;
  view.row.experiment = "vae/x";
  view.row.seed = 3;
  view.row.phase = "train";
  view.row.images_seen = 12800;
  view.row.images_total = 64000;
  view.row.images_per_second = 1280;
  view.losses = {{"loss", 12800, 23.123456}};
  view.eta_seconds = 40;
  return view;
}

TEST(PlainLine, SaysWhereTheRunIs) {
  EXPECT_EQ(plain_line(view()),
            "run 12  vae/x seed 3 | train 12,800/64,000 images (20 %) | loss 23.12 | 1280 images/s "
            "| ETA 0:40");
}

TEST(BarLine, FitsTheTerminal) {
  for (const int width : {20, 40, 80, 200}) {
    std::size_t columns = 0;
    for (const char c : bar_line(view(), width))
      columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    EXPECT_LE(columns, static_cast<std::size_t>(width)) << width;
  }
}

TEST(DurationText, IsReadAsAClock) {
  EXPECT_EQ(duration_text(41.4), "0:41");
  EXPECT_EQ(duration_text(723), "12:03");
  EXPECT_EQ(duration_text(7500), "2:05:00");
}

TEST(JsonNumber, NamesWhatJsonHasNoNumberFor) {
  EXPECT_EQ(json_number(0.1).dump(), "0.1");
  EXPECT_EQ(json_number(NAN), "nan");
  EXPECT_EQ(json_number(-INFINITY), "-inf");
}

TEST(Table, AlignsNumbersToTheRightAndTextToTheLeft) {
  Table table({"name", "value"});
  table.add({"a", "1.5"});
  table.add({"long é", "200"});
  EXPECT_EQ(table.text(), "name    value\n──────  ─────\na         1.5\nlong é    200\n");
}

}  // namespace
}  // namespace assay
