// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/comparison/compare_json.h"
#include "reports/escape.h"
#include "reports/gate/gate_text.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

struct Case {
  std::string name;
  std::string outcome;  ///< "failure", "error", "skipped"; empty: passed
  std::string text;
};

Case case_of(const GateRow& row) {
  const Verdict verdict = row.decision.verdict;
  const bool blocks = row.importance != Importance::kAdvisory;
  const std::string outcome = verdict == Verdict::kWorse && blocks ? "failure"
                              : verdict == Verdict::kSame || (verdict == Verdict::kBetter && blocks)
                                  ? ""
                                  : "skipped";
  return {row.metric, outcome, fmt::format("{}: {}", verdict_name(verdict), row.sentence)};
}

std::string case_xml(const std::string& suite, const Case& one) {
  const std::string head = fmt::format("    <testcase classname=\"{}\" name=\"{}\"",
                                       html_attribute(suite), html_attribute(one.name));
  if (one.outcome.empty())
    return fmt::format("{}><system-out>{}</system-out></testcase>\n", head, html_text(one.text));
  return fmt::format("{}><{} message=\"{}\"/></testcase>\n", head, one.outcome,
                     html_attribute(one.text));
}

}  // namespace

Json gate_json(const GateResult& result) {
  Json json = {{"outcome", outcome_name(result.outcome)},
               {"exit_code", exit_code_of(result.outcome)},
               {"summary", valid_utf8(result.summary)},
               {"rows", Json::array()},
               {"bits", Json::array()},
               {"absent", Json::array()},
               {"notes", Json::array()}};
  for (const GateRow& row : result.rows) {
    Json one = {{"experiment", valid_utf8(row.experiment)},
                {"metric", valid_utf8(row.metric)},
                {"importance", importance_name(row.importance)}};
    one.update(decision_json(row.decision));
    one["margin"] = row.terms.margin;
    one["guard"] = row.terms.guard;
    one["sentence"] = valid_utf8(row.sentence);
    one["baseline_scores"] = scores_json(row.baseline);
    one["scores"] = scores_json(row.current);
    json["rows"].push_back(std::move(one));
  }
  for (const GateBits& bits : result.bits) {
    json["bits"].push_back({{"experiment", valid_utf8(bits.experiment)},
                            {"pairs", bits.pairs},
                            {"equal", bits.equal},
                            {"first_difference", valid_utf8(bits.first)}});
  }
  for (const auto& absent : result.absent) json["absent"].push_back(valid_utf8(absent));
  for (const auto& note : result.notes) json["notes"].push_back(valid_utf8(note));
  return json;
}

std::string gate_junit(const GateResult& result) {
  std::map<std::string, std::vector<Case>> suites;
  for (const GateRow& row : result.rows) suites[row.experiment].push_back(case_of(row));
  for (const auto& absent : result.absent) {
    suites["baseline"].push_back(
        {absent, "error", "the baseline holds it, and it was not measured"});
  }
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay gate\">\n";
  for (const auto& one_of : suites) {
    const std::string& suite = one_of.first;
    const std::vector<Case>& cases = one_of.second;
    const auto count = [&cases](std::string_view outcome) {
      return std::ranges::count(cases, outcome, &Case::outcome);
    };
    text += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        html_attribute(suite), cases.size(), count("failure"), count("error"), count("skipped"));
    for (const Case& one : cases) text += case_xml(suite, one);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace assay
