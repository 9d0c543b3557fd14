// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/events.h"

namespace assay {

/// Rows of the database as plain values; schema.sql says what each column means.
struct ExperimentRow {
  std::string id;  ///< SHA-256 of the canonical definition, 64 hex digits
  std::string name;
  std::string family;
  std::string definition;  ///< TOML
};

struct MachineRow {
  std::string cpu;
  std::string flags;
  std::int64_t cores = 0;
  std::int64_t memory_bytes = 0;
  std::string gpu;
  std::string driver;
  std::string os;
  std::string compiler;
  std::string libtorch;
  bool operator==(const MachineRow&) const = default;
};

/// What is known of a run when it begins.
struct NewRun {
  std::string uuid;
  std::string experiment_id;
  std::uint64_t seed = 0;
  std::string commit_id;
  bool dirty = false;
  std::int64_t machine_id = 0;
  std::int64_t threads = 1;
  std::int64_t jobs = 1;
  std::string device = "cpu";
  bool smoke = false;
  std::string overrides =
      {};  ///< options that belong to the command, quoted for a shell: "--set a=b"
  std::int64_t images_total = 0;
  std::optional<std::string> parent_uuid = {};  ///< of the run whose weights this one scores
  /// Nothing where an older assay wrote the row:
  std::optional<std::string> definition = {};      ///< its own text, TOML; read by definition_of
  std::optional<std::string> training_id = {};     ///< of what can change weights
  std::optional<std::string> data_digest = {};     ///< of the data's content (data/data_digest.h)
  std::optional<std::string> code_digest = {};     ///< of the sources that can move a number
  std::optional<std::string> weights_sha256 = {};  ///< of the weights that are scored
  /// Of the run whose final weights are the first stage of this one's, and that run's state hash.
  std::optional<std::string> first_stage_uuid = {};
  std::optional<std::string> first_stage_state = {};
  /// The name or file that its definition was read from: text of the run's event `started`.
  std::string source = {};
};

/// The family of what was not trained here: scores of samples made elsewhere.
inline constexpr std::string_view kOutsideFamily = "outside";

struct RunRow : NewRun {
  std::int64_t number = 0;
  std::string experiment;  ///< its name
  std::string family;
  std::string
      status;  ///< running complete interrupted diverged failed; a dead run is never "running"
  std::string reason;  ///< without a backtrace that older runs stored
  std::string started_at;
  std::string updated_at;
  std::int64_t images_seen = 0;
  std::string phase;
  double images_per_second = 0.0;
  double wall_seconds = 0.0;
  std::int64_t peak_memory_bytes = 0;
  std::string state_hash;
  std::optional<std::string> rows_digest;

  bool is_outside() const { return family == kOutsideFamily; }
};

struct SeriesPoint {
  std::string name;
  std::int64_t images_seen = 0;
  double value = 0.0;  ///< may be NaN or infinite
};

struct MetricRow {
  std::string name;
  std::int64_t images_seen = 0;
  double value = 0.0;           ///< may be NaN or infinite
  double standard_error = 0.0;  ///< NaN where not known
  std::string protocol_id;
  Protocol protocol;

  /// "fd@fmnist-cnn": with the features it was computed on, if it was.
  std::string full_name() const {
    const auto extractor = protocol.find("extractor");
    return extractor == protocol.end() ? name : name + "@" + extractor->second;
  }
};

struct EventRow {
  std::string at;
  std::int64_t images_seen = 0;
  std::string kind;
  std::string text;
};

struct VerdictRow {
  std::string suite;
  std::string kind;  ///< claim, paper or gate
  std::string subject;
  std::string outcome;
  std::optional<double> effect = {};
  std::optional<double> low = {};
  std::optional<double> high = {};
  std::optional<double> p = {};
  std::optional<std::int64_t> n_a = {};
  std::optional<std::int64_t> n_b = {};
  std::string detail = {};
  std::string at = {};
};

}  // namespace assay
