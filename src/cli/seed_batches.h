// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "config/definition.h"
#include "results/queries.h"

namespace assay {

/// In how many places the seeds of a definition train as one model (seed_batch_places in
/// harness/runner.h), looked up once for each definition and device. 0 where something is wrong:
/// the worker that does such a run says what.
class SeedBatches {
 public:
  std::int64_t places(const Definition& definition, torch::Device device);
  /// Of a run in the database.
  std::int64_t places(const Database& database, const RunRow& row);

 private:
  std::map<std::pair<std::string, std::string>, std::int64_t> places_;
};

}  // namespace assay
