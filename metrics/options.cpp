// SPDX-License-Identifier: Apache-2.0
#include "metrics/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/near_miss.h"
#include "metrics/metric.h"

namespace assay {
namespace {

double number(std::string_view text, std::string_view word) {
  double value = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
  throw Error(fmt::format("{}: '{}' is no number", word, text));
}

const MetricOption& find_option(const Metric& owner, std::string_view key, std::string_view word) {
  std::vector<std::string> known;
  for (const MetricOption& one : owner.options) {
    if (one.key == key) return one;
    known.emplace_back(one.key);
  }
  if (known.empty()) throw Error(fmt::format("{}: {} has no options", word, owner.name));
  throw Error(fmt::format("{}: {} has no option '{}'{}", word, owner.name, key,
                          suggestion(key, known, "options")));
}

}  // namespace

std::map<std::string, double> parse_metric_options(const std::vector<std::string>& words) {
  std::map<std::string, double> options;
  for (const std::string& word : words) {
    const auto dot = word.find('.'), equals = word.find('=');
    if (dot == std::string::npos || equals == std::string::npos || dot > equals) {
      throw Error(
          fmt::format("{:.100}: an option is written metric.key=value, as "
                      "kid.subsets=100",
                      word));
    }
    const std::string_view text = word;
    const Metric& owner = metric(text.substr(0, dot));
    const auto key = text.substr(dot + 1, equals - dot - 1);
    const MetricOption& option = find_option(owner, key, text);
    const double value = number(text.substr(equals + 1), text);
    if (!(value >= option.low && value <= option.high)) {
      throw Error(fmt::format("{}: must lie in {} to {} ({})", word, option.low, option.high,
                              option.meaning));
    }
    if (!options.emplace(word.substr(0, equals), value).second) {
      throw Error(fmt::format("{}: {} is set twice; keep one", word, word.substr(0, equals)));
    }
  }
  return options;
}

}  // namespace assay
