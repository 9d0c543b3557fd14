// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_json.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "core/metric_kind.h"
#include "reports/escape.h"
#include "reports/json_number.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

Json test_json(const std::optional<TestResult>& test, double adjusted) {
  if (!test) return nullptr;
  return {{"statistic", json_number(test->statistic)},
          {"p", json_number(test->p)},
          {"p_adjusted", json_number(adjusted)},
          {"exact", test->exact}};
}

Json side_json(const ClaimSide& side) {
  Json values = Json::array();
  for (const auto& value : side.values) {
    Json settings = Json::object();
    for (const auto& [name, setting] : value.settings)
      settings[valid_utf8(name)] = valid_utf8(setting);
    values.push_back({{"seed", value.seed},
                      {"uuid", valid_utf8(value.uuid)},
                      {"value", json_number(value.value)},
                      {"commit", valid_utf8(value.commit)},
                      {"settings", settings}});
    if (!value.lost.empty()) values.back()["lost"] = valid_utf8(value.lost);
  }
  return {{"experiment", valid_utf8(side.experiment)},
          {"id", valid_utf8(side.definition_id)},
          {"seeds", side.seeds},
          {"n", side.values.size()},
          {"values", values}};
}

}  // namespace

nlohmann::ordered_json claim_json(const StoredVerdict& stored) {
  const ClaimVerdict& verdict = stored.verdict;
  const ClaimEvidence& evidence = verdict.evidence;
  const Claim& claim = evidence.claim;
  const bool bounded = verdict.effect && verdict.effect->interval;
  const auto bound = [&](double value) { return bounded ? json_number(value) : Json(); };
  const Interval interval = bounded ? *verdict.effect->interval : Interval{};
  return {{"suite", valid_utf8(stored.suite)},
          {"at", valid_utf8(stored.at)},
          {"text", valid_utf8(claim.text)},
          {"outcome", outcome_name(verdict.outcome)},
          {"reason", valid_utf8(verdict.reason)},
          {"metric", valid_utf8(claim.metric)},
          {"direction", better_name(claim.direction)},
          {"factor", json_number(claim.factor)},
          {"margin", json_number(claim.margin)},
          {"test", test_name(claim.test)},
          {"alpha", json_number(claim.alpha)},
          {"source", valid_utf8(claim.source)},
          {"effect", verdict.effect ? json_number(verdict.effect->value) : Json()},
          {"low", bound(interval.low)},
          {"high", bound(interval.high)},
          {"confidence", bound(interval.confidence)},
          {"claimed", test_json(verdict.claimed, verdict.adjusted)},
          {"opposite", test_json(verdict.opposite, verdict.adjusted_opposite)},
          {"claims_in_suite", verdict.claims},
          {"left", side_json(evidence.left)},
          {"right", side_json(evidence.right)},
          {"protocol_id", valid_utf8(evidence.protocol_id)},
          {"smoke", evidence.smoke}};
}

}  // namespace assay
