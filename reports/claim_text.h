// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/judge.h"

namespace assay {

/// A verdict in words, the same in every format.

std::string outcome_text(ClaimOutcome outcome);  ///< "holds", "not comparable", …
/// "left − right of iwae_nll", "2 × left − right of fd@fmnist-cnn".
std::string contrast_text(const Claim& claim);
/// "below 0", "above 0.5": where the contrast lies if the claim is true.
std::string claimed_range_text(const Claim& claim);
/// "−1.98 [−2.51, −1.4]", rounded to two digits of the interval; "—" without an estimate.
std::string effect_text(const ClaimVerdict& verdict);
/// "0.0039", "0.0039 at alpha 0.01" where alpha is not 0.05; "—" where there was no test. Two
/// digits, or as many as it takes to lie on the side of alpha where p lies: "0.0504".
std::string adjusted_p_text(const ClaimVerdict& verdict);
std::string raw_p_text(const ClaimVerdict& verdict);
/// "8 pairs", "9 pairs, 4 equal" where the paired test leaves out as many, "5 and 6".
std::string seeds_text(const ClaimVerdict& verdict);
/// "sign test", "Wilcoxon signed-rank test", …
std::string test_text(ClaimTest test);
/// What else must be said: why nothing was decided, how significant the opposite of a claim that
/// fails is, that the runs are of several commits, differ in how they were made or were cut short.
std::string caveat_text(const ClaimVerdict& verdict);
/// "3 of 5 claims hold, 1 fails, 1 inconclusive"; empty without claims.
std::string claims_sentence(std::span<const ClaimVerdict* const> verdicts);

}  // namespace assay
