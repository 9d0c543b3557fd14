// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <ctime>
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

/// Processor time of all threads of this process, in seconds.
inline double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The work of one side of a comparison, repeated whenever the driver (ci/perf) says so, so that
/// its repeats lie between those of the peer: prints the seconds of its first step, then for each
/// line on stdin one JSON object with the seconds, what was computed, the peak memory and what the
/// work took on top.
inline void repeat_on_demand(const std::function<std::vector<double>()>& work,
                             double first_seconds = 0.0) {
  std::cout << nlohmann::json{{"first_seconds", first_seconds}} << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
    const auto before = memory_now("VmRSS");
    const auto start = std::chrono::steady_clock::now();
    const double processor = processor_seconds();
    const auto values = work();
    const double processor_took = processor_seconds() - processor;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << nlohmann::json{{"seconds", took.count()},
                                {"processor_seconds", processor_took},
                                {"values", values},
                                {"peak_bytes", memory_now("VmHWM")},
                                {"extra_bytes", memory_now("VmHWM") - before}}
              << std::endl;
  }
}

}  // namespace assay::perf
