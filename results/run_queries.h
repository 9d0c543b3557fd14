// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// What one run recorded.

/// By name, then images_seen.
std::vector<SeriesPoint> series_of(const Database& database, std::int64_t run);
/// Last value of each series, by name.
std::vector<SeriesPoint> final_series_of(const Database& database, std::int64_t run);
/// By name, protocol, images_seen.
std::vector<MetricRow> metrics_of(const Database& database, std::int64_t run);
/// Last value of each metric under each protocol.
std::vector<MetricRow> final_metrics_of(const Database& database, std::int64_t run);
std::vector<Throughput> throughput_of(const Database& database, std::int64_t run);
/// In order of training.
std::vector<EventRow> events_of(const Database& database, std::int64_t run);
/// images_seen at which the run was continued, in order; empty if never.
std::vector<std::int64_t> resumed_at(const Database& database, std::int64_t run);
/// Newest first; files with their whole path. Throws Error (exit 4) for a name that leads out of
/// the run's folder.
std::vector<CheckpointSaved> checkpoints_of(const Database& database, std::int64_t run);

/// Which artifacts a run has; the bytes are read one by one, since they may be large.
struct ArtifactName {
  std::string kind;
  std::int64_t images_seen = 0;
  std::string mime;
  std::int64_t size_bytes = 0;
};
/// By kind, then images_seen.
std::vector<ArtifactName> artifacts_of(const Database& database, std::int64_t run);
std::optional<Artifact> read_artifact(const Database& database, std::int64_t run,
                                      const ArtifactName& name);

}  // namespace assay
