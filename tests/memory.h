// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

namespace assay {

/// What /proc/self/status says in KiB under this name, in bytes.
inline std::int64_t status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stoll(line.substr(name.size())) * 1024;
  }
  return 0;
}

/// The most bytes of memory that this process has held.
inline std::int64_t resident_bytes_at_most() { return status_bytes("VmHWM:"); }

/// While it lives, the bytes that tensors take that this thread makes. They are the same on every
/// machine, where a process also holds what its libraries touched.
class TensorBytes {
 public:
  /// The most that was held at once, of what was made since.
  std::int64_t at_most() const { return count_->most; }

 private:
  struct Count : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t,
                           c10::Device) override {
      held += bytes;
      most = std::max(most, held);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t held = 0, most = 0;
  };
  std::shared_ptr<Count> count_ = std::make_shared<Count>();
  c10::DebugInfoGuard guard_{c10::DebugInfoKind::PROFILER_STATE, count_};
};

}  // namespace assay
