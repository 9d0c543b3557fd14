// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/definition.h"
#include "config/suite.h"
#include "reports/claim_evidence.h"
#include "results/database.h"

namespace assay {

/// A member of a suite as it will be run.
struct PlannedMember {
  Definition definition;
  std::vector<std::uint64_t> seeds;
  std::string name = {};  ///< what the suite calls it
};

/// A suite's claims with the definitions and seeds that they are about.
struct PlannedSuite {
  std::string name;
  std::vector<ClaimEvidence> claims = {};  ///< values are still to be found
  /// What the command changes ("--seeds 0"): verdicts are then printed but not stored as the
  /// suite's.
  std::string changed = {};
  bool swept = false;  ///< --sweep: experiments have several definitions, so nothing is judged
};

/// The claims of a suite whose members go by what the suite calls them. `own_seeds`: the seeds are
/// the suite's, so each claim must have enough of them to be able to hold at all. Throws Error at
/// the claim: an unknown metric (with the near miss), one that a member does not compute, two sides
/// of one definition that neither --set nor --smoke made alike, a test of independent samples on
/// scores of one training, too few seeds.
PlannedSuite plan_claims(const Suite& suite, const std::map<std::string, PlannedMember>& members,
                         bool own_seeds, bool smoke);

/// Judges each suite's claims on the runs of these uuids, which are the command's, stores the
/// verdicts unless the newest ones say the same of the same runs, and prints them.
void judge_suites(Database& database, const std::vector<PlannedSuite>& suites,
                  const std::vector<std::string>& uuids);

}  // namespace assay
