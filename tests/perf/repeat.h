// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace assay::perf {

/// A number of /proc/self/status in bytes: VmRSS (resident now), VmHWM (its peak).
inline std::int64_t memory_now(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stoll(line.substr(field.size() + 1)) * 1024;
  }
  return 0;
}

/// The work of one side of a comparison, repeated whenever the driver (ci/perf) says so, so that
/// its repeats lie between those of the peer: prints "ready", then for each line on stdin one JSON
/// object with the seconds, what was computed, and the memory that the work took on top.
inline void repeat_on_demand(const std::function<std::vector<double>()>& work) {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
    const auto before = memory_now("VmRSS");
    const auto start = std::chrono::steady_clock::now();
    const auto values = work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << nlohmann::json{{"seconds", took.count()},
                                {"values", values},
                                {"extra_bytes", memory_now("VmHWM") - before}}
              << std::endl;
  }
}

}  // namespace assay::perf
