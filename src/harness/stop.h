// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

namespace assay {

/// Thrown inside an evaluation when the run is asked to stop; the runner catches it.
struct StopRequested {};

/// Asks a run to save a checkpoint and end: set by a signal or by a time limit.
class StopRequest {
 public:
  /// Safe in a signal handler.
  void request() { requested_.store(true, std::memory_order_relaxed); }
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  /// Why to stop, if at all.
  std::optional<std::string> reason() const {
    if (requested_.load(std::memory_order_relaxed)) return "stopped by a signal";
    if (deadline_ && std::chrono::steady_clock::now() >= *deadline_) {
      return "the time limit (--max-minutes) was reached";
    }
    return std::nullopt;
  }

 private:
  std::atomic<bool> requested_{false};
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace assay
