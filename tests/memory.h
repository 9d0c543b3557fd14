// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
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

/// The bytes of memory that this process holds, and the most that it has held.
inline std::int64_t resident_bytes() { return status_bytes("VmRSS:"); }
inline std::int64_t resident_bytes_at_most() { return status_bytes("VmHWM:"); }

}  // namespace assay
