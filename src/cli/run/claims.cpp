// SPDX-License-Identifier: Apache-2.0
#include "cli/run/claims.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cli/text/table.h"
#include "core/error.h"
#include "core/random.h"
#include "metrics/metric.h"
#include "reports/claim_rows.h"
#include "reports/claim_text.h"
#include "reports/statistics/holm.h"
#include "results/queries.h"
#include "results/store.h"

namespace assay {
namespace {

void check_metric(const Claim& claim) {
  const MetricName wanted = split_metric(claim.metric);
  try {
    const Parts needs = metric(wanted.metric).needs;
    if (wanted.extractor.empty() || needs.any_of(kOfExtractor)) return;
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: metric = '{}': {}", claim.where, claim.metric, problem.what()));
  }
  throw Error(fmt::format("{}: metric = '{}': {} looks at no features, so it has no extractor",
                          claim.where, claim.metric, wanted.metric));
}

void check_computed(const Claim& claim, const PlannedMember& member) {
  const MetricName wanted = split_metric(claim.metric);
  const Definition& definition = member.definition;
  const auto& computed = definition.texts("eval.metrics");
  if (std::ranges::find(computed, wanted.metric) == computed.end()) {
    throw Error(fmt::format("{}: '{}' does not compute {}: its eval.metrics are {}; add it there",
                            claim.where, definition.name, wanted.metric,
                            fmt::join(computed, ", ")));
  }
  const auto& extractor = definition.text("eval.extractor");
  if (!wanted.extractor.empty() && wanted.extractor != extractor) {
    throw Error(fmt::format("{}: metric = '{}', but the eval.extractor of '{}' is {}", claim.where,
                            claim.metric, definition.name, extractor));
  }
}

bool is_changed_by_the_command_line(const Definition& definition) {
  return std::ranges::any_of(
      definition.values, [](const auto& value) { return value.second.origin.starts_with("--"); });
}

// What --set or --smoke makes alike is for the verdict to say.
void check_sides_differ(const Claim& claim, const Definition& left, const Definition& right) {
  if (left.id() != right.id()) return;
  if (is_changed_by_the_command_line(left) || is_changed_by_the_command_line(right)) return;
  throw Error(
      fmt::format("{}: left '{}' and right '{}' are one and the same definition; a claim compares "
                  "two that differ",
                  claim.where, claim.left, claim.right));
}

// Two scores of the same weights go up and down with them.
void check_independent(const Claim& claim, const Definition& left, const Definition& right) {
  if (is_paired(claim.test) || left.training_id() != right.training_id()) return;
  // What the command line makes alike is for the verdict to say.
  if (is_changed_by_the_command_line(left) || is_changed_by_the_command_line(right)) return;
  throw Error(
      fmt::format("{}: test = '{}' takes '{}' and '{}' for independent, but both score the "
                  "weights of one training; take wilcoxon or sign, which go seed by seed",
                  claim.where, test_name(claim.test), claim.left, claim.right));
}

// Seeds a side with which the claim could hold if all claims of the suite took as many.
std::size_t enough_seeds(const Claim& claim, std::size_t claims) {
  std::size_t n = kFewestClaimSeeds;
  while (smallest_p(claim.test, n, n) * static_cast<double>(claims) > claim.alpha) ++n;
  return n;
}

// With complete separation in every claim, would each of them hold?
void check_reachable(const std::vector<ClaimEvidence>& claims) {
  std::vector<double> best;
  for (const auto& evidence : claims) {
    best.push_back(smallest_p(evidence.claim.test, distinct_seeds(evidence.left.seeds).size(),
                              distinct_seeds(evidence.right.seeds).size()));
  }
  const auto adjusted = holm_adjusted(best);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const Claim& claim = claims[i].claim;
    if (adjusted[i] <= claim.alpha) continue;
    throw Error(fmt::format(
        "{}: test = '{}' on {} seeds reaches p = {:.2g} at best, and {:.2g} after Holm's "
        "correction over the suite's {} claims: above alpha = {}, so the claim could never hold; "
        "give both sides {} seeds, or take {}",
        claim.where, test_name(claim.test), distinct_seeds(claims[i].left.seeds).size(), best[i],
        adjusted[i], claims.size(), claim.alpha, enough_seeds(claim, claims.size()),
        is_paired(claim.test) ? "mann_whitney or welch" : "welch"));
  }
}

// What the verdicts say, without what tells one judgement from another.
std::vector<std::string> contents(const std::vector<VerdictRow>& rows) {
  std::vector<std::string> texts;
  for (const auto& row : rows) texts.push_back(row.subject + row.outcome + row.detail);
  return texts;
}

std::vector<VerdictRow> rows_of(const std::vector<ClaimVerdict>& verdicts, const std::string& suite,
                                const std::string& judging) {
  std::vector<VerdictRow> rows;
  for (const auto& verdict : verdicts) rows.push_back(to_row(verdict, suite, judging));
  return rows;
}

bool is_known(const Database& database, const std::string& suite,
              const std::vector<ClaimVerdict>& found) {
  std::vector<ClaimVerdict> newest;
  for (auto& stored : newest_verdicts(verdicts(database, suite))) {
    newest.push_back(std::move(stored.verdict));
  }
  return contents(rows_of(newest, suite, "")) == contents(rows_of(found, suite, ""));
}

void print(const std::string& suite, const std::vector<ClaimVerdict>& verdicts) {
  Table table({"claim", "outcome", "effect [interval]", "p", "seeds"});
  std::vector<const ClaimVerdict*> all;
  for (const auto& verdict : verdicts) {
    all.push_back(&verdict);
    table.add({verdict.evidence.claim.text, outcome_text(verdict.outcome), effect_text(verdict),
               adjusted_p_text(verdict), seeds_text(verdict)});
  }
  fmt::print("\nclaims of {} (p after Holm over all {}): {}\n{}", suite, verdicts.size(),
             claims_sentence(all), table.text());
  for (const auto& verdict : verdicts) {
    const std::string caveat = caveat_text(verdict);
    if (!caveat.empty()) fmt::print("  {}: {}\n", verdict.evidence.claim.text, caveat);
  }
}

}  // namespace

PlannedSuite plan_claims(const Suite& suite, const std::map<std::string, PlannedMember>& members,
                         bool own_seeds, bool smoke) {
  PlannedSuite planned{suite.name};
  for (const Claim& claim : suite.claims) {
    const PlannedMember& left = members.at(claim.left);
    const PlannedMember& right = members.at(claim.right);
    check_metric(claim);
    check_computed(claim, left);
    check_computed(claim, right);
    if (own_seeds && !smoke) check_sides_differ(claim, left.definition, right.definition);
    if (!smoke) check_independent(claim, left.definition, right.definition);
    if (own_seeds) check_claim_seeds(claim, left.seeds, right.seeds);
    planned.claims.push_back({claim,
                              {left.name, left.definition.id(), left.seeds},
                              {right.name, right.definition.id(), right.seeds},
                              smoke});
  }
  if (own_seeds) check_reachable(planned.claims);
  return planned;
}

void judge_suites(Database& database, const std::vector<PlannedSuite>& suites,
                  const std::vector<std::string>& uuids) {
  for (const PlannedSuite& suite : suites) {
    if (suite.claims.empty()) continue;
    if (suite.swept) {
      fmt::print("\nclaims of {} are not judged: --sweep gives experiments several definitions\n",
                 suite.name);
      continue;
    }
    std::vector<ClaimEvidence> claims = suite.claims;
    const std::filesystem::path file = database.file();
    collect_evidence({&file, 1}, uuids, claims);
    const auto found = judge(claims);
    print(suite.name, found);
    if (!suite.changed.empty()) {
      fmt::print("  not stored: they are not about the suite itself, but under {}\n",
                 suite.changed);
    } else if (!is_known(database, suite.name, found)) {
      add_verdicts(database, rows_of(found, suite.name, random_uuid()));
    }
  }
}

}  // namespace assay
