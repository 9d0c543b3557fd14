// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// What other tools read of one run. Numbers are the shortest texts that read back to the same
/// bits, without locale; "nan", "+inf" and "-inf" stand for themselves.

/// name,images_seen,value: every training scalar, by name and images seen.
std::string series_csv(const Database& database, const RunRow& run);
/// name,images_seen,value,standard_error,protocol: every score, the protocol as JSON.
std::string metrics_csv(const Database& database, const RunRow& run);

/// JSON Lines: one object for the run ("kind": "run"), then one for every scalar ("series") and
/// score ("metric").
std::string run_jsonl(const Database& database, const RunRow& run);

/// A TensorBoard event file: losses as loss/NAME, scores as metric/NAME (with the extractor, and
/// where two protocols share that their id's first digits), pictures; steps are images seen.
std::string run_events(const Database& database, const RunRow& run);

/// "vae/fashion_mnist/seed_3_0123abcd": where a run's files go below the folder of an export. Names
/// that would lead out of it are made harmless.
std::string export_folder(const RunRow& run);

}  // namespace assay
