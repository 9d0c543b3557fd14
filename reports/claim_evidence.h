// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/claim.h"

namespace assay {

/// A metric at the end of one seed's run.
struct ClaimValue {
  std::uint64_t seed = 0;
  std::string uuid;
  double value = 0.0;       ///< finite, or the metric's worst: +inf where lower is better
  std::string commit = {};  ///< with "+ changes" where the tree was dirty; empty: not recorded
  /// How the run was made, by name ("device", "threads", …: run_settings.h); what is absent was not
  /// recorded.
  std::map<std::string, std::string> settings = {};
  /// "diverged: loss is nan": why there is no finite value, so that the seed ranks worst.
  std::string lost = {};
};

/// One side of a claim: what the suite asks for, and what was found.
struct ClaimSide {
  std::string experiment;
  std::string definition_id;
  std::vector<std::uint64_t> seeds = {};
  std::vector<ClaimValue> values = {};  ///< by seed
};

/// A claim with all that its judgement rests on.
struct ClaimEvidence {
  Claim claim;
  ClaimSide left;
  ClaimSide right;
  bool smoke = false;                     ///< the suite cuts its runs short
  std::string protocol_id = {};           ///< of all values, where it is one
  std::vector<std::string> missing = {};  ///< "seed 3 of vae/x was not run", …
  /// "weights: ema / raw": fields in which the protocols of the values differ.
  std::vector<std::string> differing = {};
};

/// Finds the values of both sides of each claim, for the seeds it asks for, among the runs of these
/// uuids: the runs of one command. What other runs of the definition made of a seed, at another
/// commit say, does not count; a seed whose run neither
/// is complete nor diverged is missing. One that diverged, or whose value is not finite, is an
/// outcome: it ranks worst, where the database says which side of the metric is worse. Throws Error
/// for a missing or damaged database.
void collect_evidence(std::span<const std::filesystem::path> databases,
                      std::span<const std::string> uuids, std::span<ClaimEvidence> claims);

}  // namespace assay
