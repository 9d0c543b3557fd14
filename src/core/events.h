// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

/// Every field that decides what a score means (metric version, extractor and its SHA-256, resize
/// rule, reference split and digest, n_real, n_generated, weights used, estimator, k, …). Two
/// values are comparable only if all fields agree. Values are text so that the canonical form is
/// unambiguous.
using Protocol = std::map<std::string, std::string>;

/// One metric's value under its protocol. standard_error is NaN where none is known.
struct MetricValue {
  std::string name;
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  Protocol protocol;
};

/// Training scalars at one point of the run: (name, value) pairs, losses in the unit their family
/// documents.
struct Scalars {
  std::int64_t images_seen = 0;
  std::vector<std::pair<std::string, double>> values;
};

struct Evaluation {
  std::int64_t images_seen = 0;
  std::vector<MetricValue> metrics;
};

/// A file made by the run and kept in the database: kind is e.g. "samples", "reconstructions".
struct Artifact {
  std::string kind;
  std::int64_t images_seen = 0;
  std::string mime;
  std::string bytes;
};

/// Kind of the artifact that holds a digest of each tensor of a complete run's state.
inline constexpr std::string_view kStateTensors = "state_tensors";

/// Speed of a phase ("train", "sample") over n timed intervals, warm-up excluded.
struct Throughput {
  std::string phase;
  double images_per_second = 0.0;      ///< median over the intervals
  double images_per_second_mad = 0.0;  ///< median absolute deviation from it
  std::int64_t n = 0;
};

/// A checkpoint that is already durable on disk.
struct CheckpointSaved {
  std::int64_t images_seen = 0;
  std::filesystem::path file;
  std::string sha256;
};

/// Something worth a line in the run's history: kind is e.g. "resumed", "mode_collapse", "warning".
struct Note {
  std::int64_t images_seen = 0;
  std::string kind;
  std::string text;
};

/// Kinds of Note that say that training failed while the run goes on: reports count them.
inline constexpr std::string_view kModeCollapse = "mode_collapse";
inline constexpr std::string_view kVanishingGradient = "vanishing_gradient";
inline constexpr std::string_view kDiscriminatorWon = "discriminator_won";
inline constexpr std::array kFailureNotes = {kModeCollapse, kVanishingGradient, kDiscriminatorWon};

/// Where the run is, for progress displays; emitted at every step, cheap.
struct Progress {
  std::int64_t images_seen = 0;
  std::int64_t images_total = 0;
  std::string phase;  ///< "train", "evaluate", "sample"
  double images_per_second = 0.0;
};

struct RunFinished {
  std::string status;  ///< complete, interrupted, diverged, failed
  std::string reason;  ///< empty when complete
  std::int64_t images_seen = 0;
  std::string state_hash;  ///< SHA-256 of the whole training state
  double wall_seconds = 0.0;
  std::int64_t peak_memory_bytes = 0;
};

/// Receives what happens in a run. The harness calls it from one thread, in order.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// What the run trains and is scored on, in one line, before its first step.
  virtual void data_read(const std::string&) {}
  virtual void scalars(const Scalars&) {}
  virtual void evaluated(const Evaluation&) {}
  virtual void artifact(const Artifact&) {}
  virtual void throughput(const Throughput&) {}
  virtual void checkpointed(const CheckpointSaved&) {}
  virtual void note(const Note&) {}
  virtual void progress(const Progress&) {}
  virtual void finished(const RunFinished&) {}
};

}  // namespace assay
