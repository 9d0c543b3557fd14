// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/compare_json.h"

#include "reports/comparison/compare_text.h"
#include "reports/comparison/entry_score.h"
#include "reports/escape.h"
#include "reports/json_number.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

Json score_json(const MetricSummary& metric, const std::optional<EntryScore>& score) {
  Json json = {{"n", metric.last.n},
               {"mean", json_number(metric.last.mean)},
               {"sd", json_number(metric.last.sd)}};
  if (!score) return json;
  const auto& interval = score->interval;
  json["low"] = interval ? json_number(interval->low) : Json();
  json["high"] = interval ? json_number(interval->high) : Json();
  json["interval"] = interval ? Json(score->method) : Json();
  json["median"] = json_number(score->median);
  json["least"] = json_number(score->least);
  json["most"] = json_number(score->most);
  json["rank"] = score->rank ? Json({score->rank->first, score->rank->last}) : Json();
  return json;
}

Json entry_json(const Comparison& comparison, std::size_t place) {
  const Entry& entry = comparison.entries[place];
  Json metrics = Json::object();
  for (const MetricSummary& metric : entry.metrics) {
    metrics[comparison.columns[metric.column].label] =
        score_json(metric, entry_score(comparison, place, metric));
  }
  return {{"label", valid_utf8(entry.label)},
          {"id", entry.id},
          {"failed", entry.failed},
          {"metrics", std::move(metrics)}};
}

Json pair_json(const Comparison& comparison, const ComparedMetric& pair, JsonScores scores) {
  Json json = decision_json(pair.decision);
  if (!pair.differing.empty()) {
    json["differing"] = Json::array();
    for (const auto& field : pair.differing) json["differing"].push_back(valid_utf8(field));
  }
  json["margin"] = pair.terms.margin;
  json["sentence"] = valid_utf8(sentence_of(comparison, pair));
  if (pair.examples) {
    const ExamplePairs& examples = *pair.examples;
    const auto& band = examples.difference.interval;
    json["examples"] = {{"n", examples.examples},
                        {"left_runs", examples.left_runs},
                        {"right_runs", examples.right_runs},
                        {"difference", json_number(examples.difference.value)},
                        {"low", band ? json_number(band->low) : Json()},
                        {"high", band ? json_number(band->high) : Json()},
                        {"share_lower", json_number(examples.lower)}};
  }
  if (scores == JsonScores::kNone) return json;
  json["left_scores"] = scores_json(pair.left_scores);
  json["right_scores"] = scores_json(pair.right_scores);
  return json;
}

}  // namespace

Json scores_json(const Sample& sample) {
  Json scores = Json::object();
  for (const SeedScore& one : sample.scores)
    scores[std::to_string(one.seed)] = json_number(one.value);
  return scores;
}

Json decision_json(const Decision& d) {
  return {{"effect", json_number(d.effect)},
          {"low", json_number(d.low)},
          {"high", json_number(d.high)},
          {"p", json_number(d.p)},
          {"n", d.n},
          {"verdict", verdict_name(d.verdict)},
          {"p_adjusted", json_number(d.adjusted)},
          {"p_equivalence", json_number(d.equivalence)},
          {"test", d.test.empty() ? Json() : Json(d.test)},
          {"effect_size", json_number(d.effect_size)},
          {"detectable", json_number(d.detectable)},
          {"more_seeds", d.more_seeds ? Json(*d.more_seeds) : Json()},
          {"n_left", d.n_left},
          {"n_right", d.n_right},
          {"lost_left", d.lost_left},
          {"lost_right", d.lost_right}};
}

Json pairs_json(const Comparison& comparison, JsonScores scores) {
  Json list = Json::array();
  const ComparedMetric* last = nullptr;
  for (const ComparedMetric& pair : comparison.pairs) {
    if (last == nullptr || last->left != pair.left || last->right != pair.right) {
      list.push_back({{"left", valid_utf8(comparison.entries[pair.left].label)},
                      {"right", valid_utf8(comparison.entries[pair.right].label)},
                      {"metrics", Json::object()}});
    }
    list.back()["metrics"][comparison.columns[pair.column].label] =
        pair_json(comparison, pair, scores);
    last = &pair;
  }
  return list;
}

Json compare_json(const Comparison& comparison) {
  Json json = {{"entries", Json::array()},
               {"comparisons", pairs_json(comparison, JsonScores::kBySeed)},
               {"notes", Json::array()}};
  for (std::size_t e = 0; e < comparison.entries.size(); ++e)
    json["entries"].push_back(entry_json(comparison, e));
  for (const auto& note : comparison.notes) json["notes"].push_back(valid_utf8(note));
  return json;
}

}  // namespace assay
