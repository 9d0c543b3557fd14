// SPDX-License-Identifier: Apache-2.0
#include "reports/latent_dimensions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

namespace assay {
namespace {

// The next field of a line, which loses it.
std::string_view take_field(std::string_view& line) {
  const auto comma = std::min(line.find(','), line.size());
  const auto field = line.substr(0, comma);
  line.remove_prefix(std::min(comma + 1, line.size()));
  return field;
}

double number_of(std::string_view field) {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::from_chars(field.data(), field.data() + field.size(), value);
  return value;
}

// From the largest down.
std::vector<double> ranked(const std::vector<LatentDimension>& dimensions, bool kl) {
  std::vector<double> values;
  for (const auto& dimension : dimensions) values.push_back(kl ? dimension.kl : dimension.variance);
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

}  // namespace

std::vector<LatentDimension> read_latent_dimensions(std::string_view csv) {
  std::vector<LatentDimension> dimensions;
  while (!csv.empty()) {
    const auto end = std::min(csv.find('\n'), csv.size());
    std::string_view line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    take_field(line);  // the dimension's number
    const double kl = number_of(take_field(line));
    const double variance = number_of(take_field(line));
    if (std::isfinite(variance)) dimensions.push_back({kl, variance});
  }
  return dimensions;
}

LatentProfile latent_profile(const std::vector<std::vector<LatentDimension>>& seeds) {
  if (seeds.empty() || seeds.front().empty()) return {};
  const std::size_t size = seeds.front().size();
  LatentProfile profile;
  profile.kl = true;
  for (const auto& dimensions : seeds) {
    if (dimensions.size() != size) return {};
    for (const auto& dimension : dimensions) profile.kl = profile.kl && std::isfinite(dimension.kl);
  }
  std::vector<std::vector<double>> by_rank(size);
  for (const auto& dimensions : seeds) {
    const auto values = ranked(dimensions, profile.kl);
    for (std::size_t rank = 0; rank < size; ++rank) by_rank[rank].push_back(values[rank]);
  }
  for (const auto& values : by_rank) profile.by_rank.push_back(summarise(values));
  return profile;
}

}  // namespace assay
