// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/caching_allocator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <thread>
#include <vector>

namespace assay {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

TEST(CachingAllocator, GivesTheNextOfTheSameSizeTheSameMemory) {
  CachingAllocator allocator;
  void* first = allocator.allocate(3 * kMebibyte).get();  // freed at once
  EXPECT_EQ(allocator.allocate(3 * kMebibyte).get(), first);
  EXPECT_EQ(allocator.allocate(3 * kMebibyte + 1000).get(), first) << "an eighth is one size";
  EXPECT_EQ(allocator.allocate(2 * kMebibyte).get(), first) << "up to twice the size";
  EXPECT_NE(allocator.allocate(kMebibyte).get(), first);
  EXPECT_NE(allocator.allocate(4 * kMebibyte).get(), first);
}

TEST(CachingAllocator, NeverGivesMemoryInUse) {
  CachingAllocator allocator;
  const auto a = allocator.allocate(1000), b = allocator.allocate(1000);
  std::memset(a.get(), 1, 1000);
  std::memset(b.get(), 2, 1000);
  EXPECT_EQ(static_cast<char*>(a.get())[999], 1);
}

TEST(CachingAllocator, AlignsToACacheLine) {
  CachingAllocator allocator;
  for (const std::size_t bytes : {1UL, 63UL, 65UL, 4097UL, 1000001UL}) {
    const auto data = allocator.allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data.get()) % 64, 0U) << bytes;
  }
}

TEST(CachingAllocator, GivesNothingForNothing) {
  CachingAllocator allocator;
  EXPECT_EQ(allocator.allocate(0).get(), nullptr);
  EXPECT_EQ(allocator.bytes_in_use(), 0U);
}

TEST(CachingAllocator, WastesAtMostAnEighthAndItsHeader) {
  CachingAllocator allocator;
  for (std::size_t bytes = 4096; bytes < 4 * kMebibyte; bytes = bytes * 5 / 4 + 1) {
    const auto data = allocator.allocate(bytes);
    EXPECT_LE(allocator.bytes_in_use(), bytes + bytes / 8 + 128) << bytes;
  }
}

TEST(CachingAllocator, CountsAndReleasesWhatItKeeps) {
  CachingAllocator allocator;
  {
    const auto data = allocator.allocate(kMebibyte);
    EXPECT_GT(allocator.bytes_in_use(), kMebibyte);
    EXPECT_EQ(allocator.bytes_kept(), 0U);
  }
  EXPECT_EQ(allocator.bytes_in_use(), 0U);
  EXPECT_GT(allocator.bytes_kept(), kMebibyte);
  allocator.release();
  EXPECT_EQ(allocator.bytes_kept(), 0U);
}

TEST(CachingAllocator, GivesIdleMemoryBackWhenAnotherPhaseNeedsOtherSizes) {
  CachingAllocator allocator;
  { const auto data = allocator.allocate(64 * kMebibyte); }
  std::vector<c10::DataPtr> phase;
  for (int i = 0; i < 6; ++i) phase.push_back(allocator.allocate(10 * kMebibyte));
  EXPECT_LE(allocator.bytes_in_use() + allocator.bytes_kept(), 97 * kMebibyte);
  EXPECT_EQ(allocator.bytes_kept(), 0U) << "one block of 64 MiB no longer fits below 97";
}

// A step that frees in another order than it asks: nothing new is needed from the second on.
TEST(CachingAllocator, NeedsNothingNewForAStepThatItHasSeen) {
  CachingAllocator allocator;
  const auto step = [&] {
    std::vector<c10::DataPtr> activations;
    for (std::size_t i = 1; i <= 40; ++i) activations.push_back(allocator.allocate(i * kMebibyte));
    for (auto& data : activations) {
      data.clear();
      const auto gradient = allocator.allocate(3 * kMebibyte);
    }
  };
  step();
  step();
  const std::size_t all = allocator.bytes_kept();
  step();
  EXPECT_EQ(allocator.bytes_kept(), all);
  EXPECT_LT(all, 40 * 41 / 2 * kMebibyte * 5 / 4);
}

TEST(CachingAllocator, ReleaseForgetsWhatWasInUseBefore) {
  CachingAllocator allocator;
  { const auto large = allocator.allocate(100 * kMebibyte); }
  allocator.release();
  EXPECT_EQ(allocator.bytes_kept(), 0U);
  // Ten of one mebibyte at once, then one of ten: as in a fresh allocator not all of it is kept.
  const auto phase = [](CachingAllocator& in) {
    { const auto whole = in.allocate(10 * kMebibyte); }
    std::vector<c10::DataPtr> parts;
    for (int i = 0; i < 10; ++i) parts.push_back(in.allocate(kMebibyte));
    parts.clear();
    return in.bytes_kept();
  };
  CachingAllocator fresh;
  const std::size_t kept = phase(fresh);
  EXPECT_EQ(phase(allocator), kept);
  CachingAllocator unreleased;
  { const auto large = unreleased.allocate(100 * kMebibyte); }
  EXPECT_GT(phase(unreleased), kept);
}

TEST(CachingAllocator, SaysWhenThereIsNoMemory) {
  CachingAllocator allocator;
  EXPECT_THROW(allocator.allocate(std::numeric_limits<std::size_t>::max() - 10), std::bad_alloc);
  EXPECT_THROW(allocator.allocate(std::size_t{1} << 60), std::bad_alloc);
  EXPECT_EQ(allocator.bytes_in_use(), 0U);
}

TEST(CachingAllocator, IsSharedByThreads) {
  CachingAllocator allocator;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&allocator, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto data = allocator.allocate(static_cast<std::size_t>(64 + i % 7 * 500));
        std::memset(data.get(), t, 64);
        ASSERT_EQ(static_cast<char*>(data.get())[63], t);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(allocator.bytes_in_use(), 0U);
}

}  // namespace
}  // namespace assay
