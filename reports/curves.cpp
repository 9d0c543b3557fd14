// SPDX-License-Identifier: Apache-2.0
#include "reports/curves.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace assay {
namespace {

// values[i] holds every seed's value at the i-th common images_seen.
struct Aligned {
  std::vector<std::int64_t> images_seen;
  std::vector<std::vector<double>> values;
};

Aligned align(std::span<const SeedRecords> seeds) {
  std::map<std::int64_t, std::vector<double>> by_position;
  for (const auto& records : seeds) {
    for (const auto& [images_seen, value] : records) {
      if (std::isfinite(value)) by_position[images_seen].push_back(value);
    }
  }
  Aligned aligned;
  for (auto& [images_seen, values] : by_position) {
    if (values.size() != seeds.size()) continue;
    aligned.images_seen.push_back(images_seen);
    aligned.values.push_back(std::move(values));
  }
  return aligned;
}

CurvePoint point_of(const Aligned& aligned, std::size_t begin, std::size_t end) {
  const std::size_t seeds = aligned.values[begin].size();
  std::vector<double> means(seeds, 0.0);
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t s = 0; s < seeds; ++s) {
      means[s] += aligned.values[i][s] / static_cast<double>(end - begin);
    }
  }
  CurvePoint point;
  point.images_seen = static_cast<double>(aligned.images_seen[end - 1]);
  for (const double mean : means) point.mean += mean / static_cast<double>(seeds);
  point.low = *std::ranges::min_element(means);
  point.high = *std::ranges::max_element(means);
  return point;
}

}  // namespace

SeedCurve curve_over_seeds(const std::string& name, std::span<const SeedRecords> seeds,
                           std::size_t most) {
  SeedCurve curve;
  curve.name = name;
  curve.seeds = static_cast<std::int64_t>(seeds.size());
  if (seeds.empty()) return curve;
  const Aligned aligned = align(seeds);
  const std::size_t count = aligned.images_seen.size();
  const std::size_t stride = std::max<std::size_t>(1, (count + most - 1) / most);
  curve.records_per_point = static_cast<std::int64_t>(stride);
  for (std::size_t begin = 0; begin < count; begin += stride) {
    curve.points.push_back(point_of(aligned, begin, std::min(begin + stride, count)));
  }
  return curve;
}

}  // namespace assay
