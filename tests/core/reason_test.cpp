// SPDX-License-Identifier: Apache-2.0
#include "core/reason.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(WithoutBacktrace, KeepsWhatLibTorchSaysAndNotWhere) {
  // As c10::Error::what() has it (LibTorch 2.11).
  EXPECT_EQ(without_backtrace("The size of tensor a (3) must match the size of tensor b (4)\n"
                              "Exception raised from infer_size_impl at "
                              "/pytorch/aten/src/ATen/ExpandUtils.cpp:31 (most recent call "
                              "first):\nframe #0: c10::Error::Error(...) + 0x80\n"),
            "The size of tensor a (3) must match the size of tensor b (4)");
  EXPECT_EQ(without_backtrace("two\nlines\nException raised from f at x.cpp:1"), "two\nlines");
}

TEST(WithoutBacktrace, LeavesOtherTextsAlone) {
  for (const char* text : {"", "loss is nan", "no Exception raised from here", "ends\n"}) {
    EXPECT_EQ(without_backtrace(text), text);
  }
}

}  // namespace
}  // namespace assay
