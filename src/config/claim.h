// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/toml_source.h"
#include "core/metric_kind.h"

namespace assay {

enum class ClaimTest { kSign, kWilcoxon, kMannWhitney, kWelch };

/// Training seeds that each side of a claim has at least: with four pairs neither the sign nor the
/// signed-rank test reaches 0.05. The others could do with fewer; one rule for all is ours.
inline constexpr std::size_t kFewestClaimSeeds = 5;

/// One [[claim]] of a suite: a statement, made before anything runs, on how a metric of two of its
/// members compares:
///   lower:  factor · left + margin < right
///   higher: left > factor · right + margin.
/// A factor other than 1 says "by how many times" of values above 0 only: with others the claim is
/// not judged.
struct Claim {
  std::string text;    ///< the statement in words; names the claim in verdicts
  std::string left;    ///< the member it speaks of
  std::string right;   ///< the member that is compared with
  std::string metric;  ///< "iwae_nll", or with an extractor "fd@fmnist-cnn"
  Better direction = Better::kLower;
  ClaimTest test = ClaimTest::kWelch;
  double factor = 1.0;  ///< >= 1; other than 1 for metrics above 0 only
  double margin = 0.0;  ///< >= 0, in the metric's unit
  double alpha = 0.05;  ///< one-sided, after Holm's correction over the suite
  std::string source;   ///< the paper that states it, or empty
  std::string where;    ///< "file:line:column"
};

const Schema& claim_schema();

std::string_view test_name(ClaimTest test);  ///< as in the TOML file

/// The sign and the signed-rank test compare left and right seed by seed.
bool is_paired(ClaimTest test);

/// "fd@fmnist-cnn" is the metric fd on the features of fmnist-cnn; without '@', any extractor.
struct MetricName {
  std::string metric;
  std::string extractor;
};
MetricName split_metric(std::string_view name);

/// Throws Error with file:line:column for an unknown or missing key, a value out of range, a side
/// that is not exactly one member, or a claim of one experiment against itself.
Claim read_claim(const SourceItem& item, const std::vector<std::string>& members);

/// The seeds without repetition, in order.
std::set<std::uint64_t> distinct_seeds(std::span<const std::uint64_t> seeds);

/// Throws Error at the claim if a side has fewer than kFewestClaimSeeds different seeds, or a
/// paired test two different lists of seeds.
void check_claim_seeds(const Claim& claim, std::span<const std::uint64_t> left,
                       std::span<const std::uint64_t> right);

}  // namespace assay
