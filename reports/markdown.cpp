// SPDX-License-Identifier: Apache-2.0
#include "reports/markdown.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "core/metric_kind.h"
#include "reports/claim_text.h"
#include "reports/comparison/n_way.h"
#include "reports/escape.h"
#include "reports/evaluation_choice.h"
#include "reports/failures.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/papers/match.h"

namespace assay {
namespace {

std::string heading_of(const MetricColumn& column) {
  std::string text = markdown_text(column.label);
  if (column.better != std::nullopt) text += column.better == Better::kLower ? " ↓" : " ↑";
  for (const auto& difference : column.difference) text += "<br>" + markdown_text(difference);
  return text;
}

std::string cell_of(const MetricSummary* metric, const MetricColumn& column,
                    const std::optional<RankRange>& rank) {
  if (metric == nullptr) return "";
  std::string text = mean_and_spread_text(metric->last);
  if (rank) text += fmt::format(" (rank {})", rank_text(*rank));
  const std::string gain = improvement_text(*metric, column.better);
  if (!gain.empty())
    text += fmt::format("<br>untrained {}, {}", mean_text(metric->untrained), gain);
  return text;
}

// The verdicts of each column's best mean.
std::string verdicts(const Report& report, const ComparisonTable& table,
                     const Comparison& comparison) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (const std::size_t column : table.columns) {
    for (const auto& sentence : leader_sentences(comparison, column, kMost)) {
      text += fmt::format("- {}: {}\n", markdown_text(report.columns[column].label),
                          markdown_text(sentence));
    }
  }
  for (const auto& note : comparison.notes) text += "- " + markdown_text(note) + "\n";
  return text.empty() ? "" : text + "\n";
}

// Those in the means, and what befell the seeds.
std::string seeds_cell(const ExperimentSummary& experiment) {
  std::string text = std::to_string(experiment.counted.size());
  for (const auto& failure : experiment.failures)
    text += "<br>" + markdown_text(failure_text(failure));
  return text;
}

std::string comparison(const Report& report, const ComparisonTable& table) {
  const Comparison compared = compare_table(report, table);
  std::string head = "| experiment | n |";
  std::string rule = "| --- | ---: |";
  for (const std::size_t c : table.columns) {
    head += fmt::format(" {} |", heading_of(report.columns[c]));
    rule += " ---: |";
  }
  std::string text = head + "\n" + rule + "\n";
  for (std::size_t entry = 0; entry < table.experiments.size(); ++entry) {
    const auto& experiment = report.experiments[table.experiments[entry]];
    text += fmt::format("| {} | {} |", markdown_text(experiment.label), seeds_cell(experiment));
    for (const std::size_t c : table.columns) {
      text += fmt::format(" {} |", cell_of(metric_in(experiment, c), report.columns[c],
                                           rank_range(compared, entry, c)));
    }
    text += "\n";
  }
  return text + "\n" + verdicts(report, table, compared);
}

std::string claim_row(const ClaimVerdict& verdict) {
  const Claim& claim = verdict.evidence.claim;
  const std::string caveat = caveat_text(verdict);
  return fmt::format(
      "| {}<br>left: {}, right: {} | **{}**{} | {}<br>{}; claimed: {} | {} | {} | {} | {} |\n",
      markdown_text(claim.text), markdown_text(claim.left), markdown_text(claim.right),
      outcome_text(verdict.outcome), caveat.empty() ? "" : "<br>" + markdown_text(caveat),
      effect_text(verdict), markdown_text(contrast_text(claim)), claimed_range_text(claim),
      adjusted_p_text(verdict), raw_p_text(verdict), seeds_text(verdict), test_text(claim.test));
}

std::string claims(const Report& report) {
  if (report.claims.empty()) return "";
  std::string text =
      "## Claims\n\nOne-sided tests at alpha 0.05 where the row names no other, adjusted by Holm "
      "over all claims of a suite; the interval (confidence at least 1 − 2 alpha) is not adjusted."
      "\n\n";
  std::string_view suite;
  for (const auto& stored : report.claims) {
    if (stored.suite != suite) {
      text += fmt::format(
          "{}### {}, judged {}\n\n| claim | outcome | effect | p adjusted | p | seeds | test |\n"
          "| --- | --- | --- | ---: | ---: | --- | --- |\n",
          suite.empty() ? "" : "\n", markdown_text(stored.suite), markdown_text(stored.at));
      suite = stored.suite;
    }
    text += claim_row(stored.verdict);
  }
  return text + "\n";
}

std::string published(const Report& report) {
  if (report.published.empty()) return "";
  std::string text =
      "## Beside the literature\n\n"
      "| experiment | model there | metric | published | here | verdict | source |\n"
      "| --- | --- | --- | ---: | ---: | --- | --- |\n";
  for (const auto& beside : report.published) {
    const PublishedValue& value = beside.value;
    const std::string spread = published_spread_text(value);
    text += fmt::format("| {} | {}, {} | {} | {}{} | {} | {} | {} ({}): {} |\n",
                        markdown_text(report.experiments[beside.experiment].label),
                        markdown_text(value.model), markdown_text(value.data),
                        markdown_text(value.metric), published_text(value),
                        spread.empty() ? "" : "<br>" + spread, here_text(report, beside),
                        markdown_text(beside.verdict), markdown_text(value.source),
                        certainty_text(value.certainty), markdown_text(value.protocol));
  }
  return text + "\n";
}

std::string speeds(const Report& report) {
  const bool counted = counts_network_evaluations(report);
  std::string text = fmt::format(
      "## Speed and memory\n\n| experiment | phase | images/s | n | time a run | peak memory |{}\n"
      "| --- | --- | ---: | ---: | ---: | ---: |{}\n",
      counted ? " network evaluations a sample |" : "", counted ? " ---: |" : "");
  for (const auto& e : report.experiments) {
    for (const auto& speed : e.speeds) {
      text += fmt::format("| {} | {} | {} | {} | {} | {} |{}\n", markdown_text(e.label),
                          markdown_text(speed.phase), mean_and_spread_text(speed.images_per_second),
                          speed.images_per_second.n,
                          duration_in_words(e.wall_seconds.mean.value_or(0.0)),
                          peak_memory_text(e.peak_memory_bytes, e.device, e.peak_memory_of),
                          counted ? fmt::format(" {} |", mean_text(e.network_evaluations)) : "");
    }
  }
  return text + "\n";
}

std::string choices(const Report& report) {
  std::string rows;
  for (const auto& [experiment, metric, best] : chosen_rows(report)) {
    rows += fmt::format("| {} | {} | {} | {} | {} | {} |\n", markdown_text(experiment->label),
                        markdown_text(report.columns[metric->column].label),
                        metric->choice.evaluations, mean_and_spread_text(metric->last),
                        mean_and_spread_text(metric->choice.last_ten), mean_and_spread_text(*best));
  }
  if (rows.empty()) return "";
  return fmt::format(
      "## Last, averaged, best\n\n{}\n\n| experiment | metric | evaluations | last | mean of the "
      "last ten | best of each seed |\n| --- | --- | ---: | ---: | ---: | ---: |\n{}\n",
      kChoiceHint, rows);
}

std::string failures(const Report& report) {
  std::string rows;
  for (const auto& e : report.experiments) {
    for (const auto& failure : e.failures) {
      std::string seeds;
      for (const auto& seed : failure.seeds) {
        seeds += fmt::format("{}seed {} {}: {}", seeds.empty() ? "" : "<br>", seed.seed,
                             failure_span_text(seed), markdown_text(seed.text));
      }
      rows += fmt::format("| {} | {} | {} of {} | {} | {} |\n", markdown_text(e.label),
                          failure_words(failure.name), failure.seeds.size(), failure.ended,
                          failure_rate_text(failure), seeds);
    }
  }
  if (rows.empty()) return "";
  return "## Failures of training\n\n| experiment | failure | seeds | rate | what was seen |\n"
         "| --- | --- | ---: | ---: | --- |\n" +
         rows + "\n";
}

std::string unfinished(const Report& report) {
  if (report.unfinished.empty()) return "";
  std::string text =
      "## Runs that did not complete\n\n| experiment | seed | status | at images seen | reason |\n"
      "| --- | ---: | --- | ---: | --- |\n";
  for (const auto& run : report.unfinished) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", markdown_text(run.experiment), run.seed,
                        run.status, count_text(run.images_seen), markdown_text(run.reason));
  }
  return text + "\n";
}

// A fence longer than any run of backticks inside.
std::string code_block(const std::string& lines) {
  std::string fence = "```";
  while (lines.find(fence) != std::string::npos) fence += '`';
  return fence + "\n" + valid_utf8(lines) + fence + "\n\n";
}

std::string commands(const Report& report) {
  std::string lines;
  for (const auto& e : report.experiments) lines += e.command + "\n";
  return "## Repeat it\n\n" + code_block(lines);
}

std::string provenance(const Report& report) {
  std::string text = "## Provenance\n\n";
  for (const auto& commit : report.commits)
    text += fmt::format("- commit {}\n", markdown_text(commit));
  for (const auto& use : report.machines) {
    const auto& m = use.machine;
    text +=
        fmt::format("- {} of {} cores, {}, {}, {}, LibTorch {}{}\n", markdown_text(m.cpu), m.cores,
                    bytes_text(m.memory_bytes), markdown_text(m.os), markdown_text(m.compiler),
                    markdown_text(m.libtorch), m.gpu.empty() ? "" : ", " + markdown_text(m.gpu));
  }
  for (const auto& e : report.experiments) {
    text += fmt::format("- {}: definition {}\n", markdown_text(e.label), e.id.substr(0, 12));
  }
  for (const auto& column : report.columns) {
    text += fmt::format("- protocol {} of {}:", column.protocol_id.substr(0, 12),
                        markdown_text(column.label));
    for (const auto& [name, value] : column.protocol) {
      text += fmt::format(" {} = {};", markdown_text(name), markdown_text(value));
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string report_markdown(const Report& report) {
  std::string text =
      fmt::format("# {}\n\n{}\n\n", markdown_text(report.title), markdown_text(report.summary));
  for (const auto& warning : report.warnings)
    text += fmt::format("> {}\n>\n", markdown_text(warning));
  if (!report.warnings.empty()) text += "\n";
  text +=
      "## Comparison\n\nMean ± sd over n seeds of the last evaluation, never a best-of-run; ranks "
      "are "
      "the places that the verdicts leave (level 5 %, Holm over the table).\n\n";
  for (const auto& table : comparison_tables(report)) text += comparison(report, table);
  text += claims(report) + published(report) + choices(report) + speeds(report) + failures(report) +
          unfinished(report) + commands(report) + provenance(report);
  return text;
}

}  // namespace assay
