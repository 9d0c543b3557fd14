// SPDX-License-Identifier: Apache-2.0
#include "cli/text/protocol_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/context.h"

namespace assay {
namespace {

bool all_share(std::span<const MetricRow> metrics, const std::string& field,
               const std::string& value) {
  return std::ranges::all_of(metrics, [&](const MetricRow& metric) {
    const auto found = metric.protocol.find(field);
    return found != metric.protocol.end() && found->second == value;
  });
}

// As a reader sees it: digests are cut.
std::string shown(const std::string& value) {
  constexpr std::size_t kDigestDigits = 64;
  return terminal_text(value.size() == kDigestDigits ? value.substr(0, 12) + "…" : value);
}

// The fields that all metrics share, or those that not all do.
std::string fields_text(std::span<const MetricRow> metrics, const Protocol& protocol, bool shared) {
  std::string text;
  for (const auto& [field, value] : protocol) {
    if (all_share(metrics, field, value) != shared) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", terminal_text(field), shown(value));
  }
  return text;
}

}  // namespace

ProtocolNotes protocol_notes(std::span<const MetricRow> metrics) {
  ProtocolNotes notes;
  if (metrics.empty()) return notes;
  const std::string common = fields_text(metrics, metrics.front().protocol, /*shared=*/true);
  if (!common.empty()) notes.text = fmt::format("protocol of all: {}\n", common);
  std::vector<std::string> known;  // texts, in the order of their marks
  for (const MetricRow& metric : metrics) {
    const std::string own = fields_text(metrics, metric.protocol, /*shared=*/false);
    if (own.empty()) {
      notes.marks.emplace_back();
      continue;
    }
    auto place = std::ranges::find(known, own);
    if (place == known.end()) {
      known.push_back(own);
      place = std::prev(known.end());
      notes.text += fmt::format("[{}] {}\n", known.size(), own);
    }
    notes.marks.push_back(fmt::format("[{}]", place - known.begin() + 1));
  }
  return notes;
}

std::string protocol_changes(const Protocol& then, const Protocol& now) {
  Protocol all = then;
  all.insert(now.begin(), now.end());
  const auto value_in = [](const Protocol& protocol, const std::string& field) {
    const auto found = protocol.find(field);
    return found == protocol.end() ? std::string("none") : shown(found->second);
  };
  std::string text;
  for (const auto& [field, value] : all) {
    const auto before = then.find(field), after = now.find(field);
    const bool both = before != then.end() && after != now.end();
    if (both && before->second == after->second) continue;
    text += fmt::format("{}{}: {} then, {} now", text.empty() ? "" : "; ", terminal_text(field),
                        value_in(then, field), value_in(now, field));
  }
  return text;
}

}  // namespace assay
