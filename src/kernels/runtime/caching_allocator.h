// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Allocator.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace assay {

/// CPU memory that is kept when a tensor dies, for the next tensor of about its size. A training
/// step asks for the same sizes over and over; from the system each fresh page costs a fault and a
/// fill, several times what a step then does with it.
///
/// Sizes are rounded up to steps of an eighth of a power of two; where none of the size is kept,
/// one of up to twice the size is taken. In use and kept together stay below one and a half times
/// what was ever in use at once, so that a change of phase (training, sampling) does not hold both:
/// the largest of what is kept goes back to the system first. Safe to call from any thread.
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
  /// Gives back all that is kept; what was in use before counts no longer.
  void release();

 private:
  struct Block;
  static void recycle(void* data);
  void* take(std::size_t size);
  void release_above(std::size_t most_kept);

  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> kept_;  // by size, header included; no entry is empty
  std::size_t in_use_ = 0, most_in_use_ = 0, kept_bytes_ = 0;
};

/// Makes one CachingAllocator LibTorch's allocator of CPU tensors from now on, once.
void install_caching_allocator();

/// Gives back what the installed allocator keeps, if there is one.
void release_cached_memory();

}  // namespace assay
