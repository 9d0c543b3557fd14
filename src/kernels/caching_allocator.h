// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Allocator.h>

#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace assay {

/// CPU memory that is kept when a tensor dies, for the next tensor of about its size. A training
/// step asks for the same sizes over and over; from the system each fresh page costs a fault and a
/// fill, several times what a step then does with it.
///
/// Sizes are rounded up to steps of an eighth of a power of two. What is kept is given back to the
/// system whenever a size is missing while more than half of what is in use lies idle, so that a
/// change of phase (training, sampling) does not hold both. Safe to call from any thread.
class CachingAllocator final : public c10::Allocator {
 public:
  CachingAllocator() = default;
  ~CachingAllocator() override;

  /// 64-byte aligned. Throws std::bad_alloc.
  c10::DataPtr allocate(std::size_t bytes) override;
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override;

  std::size_t bytes_in_use() const;
  std::size_t bytes_kept() const;
  /// Gives back all that is kept.
  void release();

 private:
  struct Block;
  static void recycle(void* data);
  void* take(std::size_t size);
  void release_locked();

  mutable std::mutex mutex_;
  std::unordered_map<std::size_t, std::vector<void*>> kept_;  // by size: blocks, header included
  std::size_t in_use_ = 0, kept_bytes_ = 0;
};

/// Makes one CachingAllocator LibTorch's allocator of CPU tensors from now on, once.
void install_caching_allocator();

}  // namespace assay
