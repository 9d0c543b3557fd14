// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/metric_kind.h"
#include "core/utf8.h"
#include "reports/escape.h"
#include "reports/json_number.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

Json side_json(const ClaimSide& side) {
  Json values = Json::array();
  for (const ClaimValue& value : side.values) {
    Json settings = Json::object();
    for (const auto& [name, setting] : value.settings) settings[name] = valid_utf8(setting);
    values.push_back({{"seed", value.seed},
                      {"run", value.uuid},
                      {"value", json_number(value.value)},
                      {"commit", valid_utf8(value.commit)},
                      {"settings", settings}});
    if (!value.lost.empty()) values.back()["lost"] = valid_utf8(value.lost);
  }
  return {{"experiment", valid_utf8(side.experiment)},
          {"id", side.definition_id},
          {"seeds", side.seeds},
          {"values", values}};
}

// Verdicts of before had a device alone, and the first that assay stored neither that nor a commit.
std::map<std::string, std::string> settings_from(const Json& value) {
  if (value.contains("settings")) return value.at("settings");
  if (value.contains("device")) return {{"device", value.at("device")}};
  return {};
}

double number_from(const Json& value) {
  constexpr double kBeyond = std::numeric_limits<double>::infinity();
  if (value == "+inf") return kBeyond;
  return value == "-inf" ? -kBeyond : value.get<double>();
}

ClaimSide side_from(const Json& json) {
  ClaimSide side{json.at("experiment"), json.at("id"), json.at("seeds")};
  for (const Json& value : json.at("values")) {
    side.values.push_back({value.at("seed"), value.at("run"), number_from(value.at("value")),
                           value.value("commit", std::string()), settings_from(value),
                           value.value("lost", std::string())});
  }
  return side;
}

Json test_json(const std::optional<TestResult>& test) {
  if (!test) return nullptr;
  return {{"statistic", test->statistic}, {"p", test->p}, {"exact", test->exact}};
}

std::optional<TestResult> test_from(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return TestResult{json.at("statistic"), json.at("p"), json.at("exact")};
}

Json claim_json(const Claim& claim) {
  return {{"metric", claim.metric},
          {"direction", better_name(claim.direction)},
          {"test", test_name(claim.test)},
          {"factor", claim.factor},
          {"margin", claim.margin},
          {"alpha", claim.alpha},
          {"source", valid_utf8(claim.source)}};
}

// The enumerator that has this name.
template <class Enum>
Enum named(const std::string& name, std::initializer_list<Enum> all, auto name_of) {
  for (const Enum one : all) {
    if (name_of(one) == name) return one;
  }
  throw std::invalid_argument(fmt::format("'{}' is unknown", name));
}

Claim claim_from(const Json& json) {
  Claim claim;
  claim.metric = json.at("metric");
  claim.direction = named(json.at("direction").get<std::string>(),
                          {Better::kLower, Better::kHigher}, better_name);
  claim.test =
      named(json.at("test").get<std::string>(),
            {ClaimTest::kSign, ClaimTest::kWilcoxon, ClaimTest::kMannWhitney, ClaimTest::kWelch},
            test_name);
  claim.factor = json.at("factor");
  claim.margin = json.at("margin");
  claim.alpha = json.at("alpha");
  claim.source = json.at("source");
  return claim;
}

Json detail_of(const ClaimVerdict& verdict, const std::string& judging) {
  const ClaimEvidence& evidence = verdict.evidence;
  const bool bounded = verdict.effect && verdict.effect->interval;
  return {{"judging", judging},
          {"claim", claim_json(evidence.claim)},
          {"left", side_json(evidence.left)},
          {"right", side_json(evidence.right)},
          {"protocol_id", evidence.protocol_id},
          {"smoke", evidence.smoke},
          {"reason", valid_utf8(verdict.reason)},
          {"claimed", test_json(verdict.claimed)},
          {"opposite", test_json(verdict.opposite)},
          {"adjusted", verdict.adjusted},
          {"adjusted_opposite", verdict.adjusted_opposite},
          {"claims", verdict.claims},
          {"confidence", bounded ? Json(verdict.effect->interval->confidence) : Json()}};
}

ClaimVerdict from_row(const VerdictRow& row, const Json& detail) {
  ClaimEvidence evidence{claim_from(detail.at("claim")), side_from(detail.at("left")),
                         side_from(detail.at("right"))};
  evidence.claim.text = row.subject;
  evidence.claim.left = evidence.left.experiment;
  evidence.claim.right = evidence.right.experiment;
  evidence.smoke = detail.at("smoke");
  evidence.protocol_id = detail.at("protocol_id");
  ClaimVerdict verdict{std::move(evidence)};
  verdict.outcome = named(row.outcome,
                          {ClaimOutcome::kHolds, ClaimOutcome::kFails, ClaimOutcome::kInconclusive,
                           ClaimOutcome::kNotComparable, ClaimOutcome::kNotRun},
                          outcome_name);
  verdict.reason = detail.at("reason");
  if (row.effect) verdict.effect = Estimate{*row.effect, std::nullopt};
  if (verdict.effect && row.low && row.high) {
    verdict.effect->interval = Interval{*row.low, *row.high, detail.at("confidence")};
  }
  verdict.claimed = test_from(detail.at("claimed"));
  verdict.opposite = test_from(detail.at("opposite"));
  verdict.adjusted = detail.at("adjusted");
  verdict.adjusted_opposite = detail.at("adjusted_opposite");
  verdict.claims = detail.at("claims");
  return verdict;
}

}  // namespace

VerdictRow to_row(const ClaimVerdict& verdict, const std::string& suite,
                  const std::string& judging) {
  VerdictRow row{suite, "claim", verdict.evidence.claim.text,
                 std::string(outcome_name(verdict.outcome))};
  if (verdict.effect) row.effect = verdict.effect->value;
  if (verdict.effect && verdict.effect->interval) {
    row.low = verdict.effect->interval->low;
    row.high = verdict.effect->interval->high;
  }
  if (verdict.claimed) row.p = verdict.adjusted;
  row.n_a = std::ssize(verdict.evidence.left.values);
  row.n_b = std::ssize(verdict.evidence.right.values);
  row.detail = json_text(detail_of(verdict, judging));
  return row;
}

std::vector<StoredVerdict> newest_verdicts(std::span<const VerdictRow> rows) {
  struct Judgement {
    std::string judging, at;
    std::vector<StoredVerdict> verdicts;
  };
  std::map<std::string, Judgement> newest;  // by suite
  for (const VerdictRow& row : rows) {
    if (row.kind != "claim") continue;
    try {
      const Json detail = Json::parse(row.detail);
      const std::string judging = detail.at("judging");
      Judgement& known = newest[row.suite];
      if (row.at < known.at) continue;
      if (judging != known.judging) known = {judging, row.at, {}};
      // Merged databases share rows.
      const bool twice = std::ranges::any_of(known.verdicts, [&](const StoredVerdict& one) {
        return one.verdict.evidence.claim.text == row.subject;
      });
      if (twice) continue;
      known.verdicts.push_back({row.suite, row.at, from_row(row, detail)});
    } catch (const std::exception& problem) {
      throw Error(fmt::format("the verdict '{}' of suite '{}' is not readable ({}); the database "
                              "is damaged, restore a copy",
                              row.subject, row.suite, problem.what()),
                  ExitCode::kDamaged);
    }
  }
  std::vector<StoredVerdict> all;
  for (auto& [suite, judgement] : newest) {
    all.insert(all.end(), judgement.verdicts.begin(), judgement.verdicts.end());
  }
  return all;
}

}  // namespace assay
