// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate_text.h"

#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/gate/measured.h"
#include "reports/number_text.h"
#include "reports/statistics/summary.h"

namespace assay {
namespace {

std::string side_text(const GateRow& row, const Sample& sample) {
  if (sample.n() == 0) return "";
  if (row.metric == kMemory) {
    const double mean = summarise(sample.finite()).mean.value();
    return fmt::format("{} (n = {})", bytes_text(static_cast<std::int64_t>(mean)), sample.n());
  }
  const SeedSummary summary = summarise(sample.finite());
  const std::string lost =
      sample.lost() > 0 ? fmt::format(", {} lost", sample.lost()) : std::string();
  return fmt::format("{} (n = {}{})", mean_and_spread_text(summary), sample.n(), lost);
}

// What a workflow command would take for its own: in properties colons and commas too.
std::string command_text(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string annotation(std::string_view level, std::string_view title, std::string_view text) {
  return fmt::format("::{} title={}::{}\n", level, command_text(valid_utf8(title), true),
                     command_text(valid_utf8(text), false));
}

}  // namespace

std::vector<GateLine> gate_lines(const GateResult& result) {
  std::vector<GateLine> lines;
  for (const GateRow& row : result.rows) {
    lines.push_back({row.experiment, row.metric, std::string(importance_name(row.importance)),
                     std::string(verdict_name(row.decision.verdict)), side_text(row, row.baseline),
                     side_text(row, row.current), row.sentence});
  }
  return lines;
}

std::string bits_text(const GateBits& bits) {
  if (bits.equal == bits.pairs) {
    return fmt::format("{}: {} of {} seeds end in the same state, to the bit", bits.experiment,
                       bits.equal, bits.pairs);
  }
  return fmt::format("{}: {} of {} seeds end in another state on the same machine; {}",
                     bits.experiment, bits.pairs - bits.equal, bits.pairs, bits.first);
}

std::string gate_markdown(const GateResult& result) {
  std::string text = fmt::format("## assay gate: {}\n\n{}\n", outcome_name(result.outcome),
                                 markdown_text(result.summary));
  for (const auto& absent : result.absent)
    text += fmt::format("\n- **not measured** {}", markdown_text(absent));
  for (const GateBits& bits : result.bits)
    text += fmt::format("\n- {}", markdown_text(bits_text(bits)));
  for (const auto& note : result.notes) text += fmt::format("\n- {}", markdown_text(note));
  text +=
      "\n\n| experiment | metric | | verdict | baseline | now | why |\n"
      "| --- | --- | --- | --- | ---: | ---: | --- |\n";
  for (const GateLine& line : gate_lines(result)) {
    const bool loud = line.verdict == "worse" && line.importance != "advisory";
    text +=
        fmt::format("| {} | {} | {} | {}{}{} | {} | {} | {} |\n", markdown_text(line.experiment),
                    markdown_text(line.metric), line.importance, loud ? "**" : "", line.verdict,
                    loud ? "**" : "", line.baseline, line.now, markdown_text(line.sentence));
  }
  return text;
}

std::string gate_annotations(const GateResult& result) {
  std::string text;
  for (const auto& absent : result.absent) text += annotation("error", "not measured", absent);
  for (const auto& note : result.notes) text += annotation("warning", "runs differ", note);
  for (const GateRow& row : result.rows) {
    if (row.importance == Importance::kAdvisory) continue;
    const std::string title =
        fmt::format("{} {} of {}", row.metric, verdict_name(row.decision.verdict), row.experiment);
    if (row.decision.verdict == Verdict::kWorse) text += annotation("error", title, row.sentence);
    if (row.decision.verdict == Verdict::kBetter || row.decision.verdict == Verdict::kInconclusive)
      text += annotation("warning", title, row.sentence);
  }
  return text + annotation(result.outcome == GateOutcome::kPassed ? "notice" : "error",
                           "assay gate", result.summary);
}

}  // namespace assay
