// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/caching_allocator.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iterator>
#include <new>

namespace assay {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector
// Memory up to here is never worth a round trip to the system.
constexpr std::size_t kAlwaysKept = std::size_t{32} << 20;

// Up in steps of an eighth of a power of two, at least a cache line.
std::size_t rounded(std::size_t bytes) {
  const std::size_t step = std::max(kAlignment, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

}  // namespace

// Before the data of each block.
struct CachingAllocator::Block {
  CachingAllocator* owner;
  std::size_t size;  // of header and data
};

CachingAllocator::~CachingAllocator() { release(); }

void* CachingAllocator::take(std::size_t size) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.lower_bound(size);
  const bool fits = found != kept_.end() && found->first / 2 <= size;
  const std::size_t taken = fits ? found->first : size;
  in_use_ += taken;
  most_in_use_ = std::max(most_in_use_, in_use_);
  if (!fits) {
    const std::size_t most = std::max(most_in_use_ / 2 * 3, kAlwaysKept);
    release_above(most > in_use_ ? most - in_use_ : 0);
    return nullptr;
  }
  void* block = found->second.back();
  found->second.pop_back();
  if (found->second.empty()) kept_.erase(found);
  kept_bytes_ -= taken;
  return block;
}

c10::DataPtr CachingAllocator::allocate(std::size_t bytes) {
  if (bytes == 0) return {nullptr, nullptr, &recycle, c10::Device(c10::kCPU)};
  const std::size_t size = rounded(bytes + kAlignment);
  if (size < bytes) throw std::bad_alloc();  // overflow
  void* block = take(size);
  if (block == nullptr) {
    block = std::aligned_alloc(kAlignment, size);
    if (block == nullptr) {
      release();
      block = std::aligned_alloc(kAlignment, size);
    }
    if (block == nullptr) {
      const std::lock_guard lock(mutex_);
      in_use_ -= size;
      throw std::bad_alloc();
    }
    new (block) Block{this, size};
  }
  void* data = static_cast<char*>(block) + kAlignment;
  return {data, data, &recycle, c10::Device(c10::kCPU)};
}

void CachingAllocator::recycle(void* data) {
  if (data == nullptr) return;
  void* memory = static_cast<char*>(data) - kAlignment;
  const Block block = *static_cast<Block*>(memory);
  const std::lock_guard lock(block.owner->mutex_);
  block.owner->kept_[block.size].push_back(memory);
  block.owner->kept_bytes_ += block.size;
  block.owner->in_use_ -= block.size;
}

c10::DeleterFnPtr CachingAllocator::raw_deleter() const { return &recycle; }

void CachingAllocator::copy_data(void* to, const void* from, std::size_t bytes) const {
  default_copy_data(to, from, bytes);
}

std::size_t CachingAllocator::bytes_in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

std::size_t CachingAllocator::bytes_kept() const {
  const std::lock_guard lock(mutex_);
  return kept_bytes_;
}

void CachingAllocator::release() {
  const std::lock_guard lock(mutex_);
  most_in_use_ = in_use_;
  release_above(0);
}

void CachingAllocator::release_above(std::size_t most_kept) {
  while (kept_bytes_ > most_kept) {
    const auto largest = std::prev(kept_.end());
    std::free(largest->second.back());
    kept_bytes_ -= largest->first;
    largest->second.pop_back();
    if (largest->second.empty()) kept_.erase(largest);
  }
}

void install_caching_allocator() {
  // Never destroyed: tensors with static storage are freed after it would be.
  static auto* allocator = new CachingAllocator;
  c10::SetCPUAllocator(allocator, /*priority=*/10);
}

void release_cached_memory() {
  if (auto* installed = dynamic_cast<CachingAllocator*>(c10::GetCPUAllocator()))
    installed->release();
}

}  // namespace assay
