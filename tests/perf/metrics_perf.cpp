// SPDX-License-Identifier: Apache-2.0
// Our side of the comparisons of metrics: perf_metrics WORK FOLDER; see ci/perf.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <map>

#include "core/file.h"
#include "data/npy.h"
#include "metrics/features/frechet.h"
#include "metrics/features/mmd.h"
#include "metrics/features/moments.h"
#include "metrics/neighbours/pair_sweep.h"
#include "repeat.h"

namespace {

using Work = std::function<std::vector<double>()>;

at::Tensor read(const std::string& file) { return assay::from_npy(assay::read_file(file), file); }

at::Tensor rows(const std::string& folder, const std::string& name, std::int64_t count) {
  return read(folder + "/" + name + ".npy").slice(0, 0, count).contiguous();
}

double share(const std::vector<std::int32_t>& hits) {
  double inside = 0.0;
  for (const auto hit : hits) inside += hit > 0;
  return inside / static_cast<double>(hits.size());
}

Work frechet(const std::string& folder) {
  const auto a = assay::moments_of(rows(folder, "a", 10000));
  const auto b = assay::moments_of(rows(folder, "b", 10000));
  return [=] { return std::vector{assay::frechet_distance_of_moments(a, b)}; };
}

Work frechet_deficient(const std::string& folder) {
  const auto a = rows(folder, "c", 1000), b = rows(folder, "d", 1000);
  return [=] { return std::vector{assay::frechet_distance_value(a, b)}; };
}

Work statistics(const std::string& folder, at::ScalarType blocks) {
  const auto a = rows(folder, "a", 50000);
  return [=] {
    const auto moments = assay::moments_of(a, blocks);
    return std::vector{moments.mean.norm().item<double>(),
                       moments.covariance.norm().item<double>()};
  };
}

Work neighbours(const std::string& folder, std::int64_t count) {
  const auto y = rows(folder, "a", count), x = rows(folder, "b", count);
  return [=] {
    assay::PairRequest request;
    request.k = 5;
    request.closed_balls = false;
    request.cubic_kernel = true;
    const auto found = assay::sweep_pairs(x, y, request);
    double density = 0.0, covered = 0.0, authentic = 0.0;
    for (const auto hits : found.balls_hit) density += hits;
    for (const auto one : found.covered) covered += one;
    for (const auto one : found.authentic) authentic += one;
    const auto n = static_cast<double>(count);
    return std::vector{share(found.balls_hit),
                       share(found.reference_hit),
                       density / (5.0 * n),
                       covered / n,
                       assay::mmd_squared(found.cubic, assay::MmdEstimator::kUnbiased).value,
                       authentic / n};
  };
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "usage: perf_metrics WORK FOLDER\n";
    return 2;
  }
  const c10::InferenceMode inference;
  at::set_num_threads(2);
  const std::string folder = words[2];
  const std::map<std::string, std::function<Work()>> works{
      {"frechet_2048", [&] { return frechet(folder); }},
      {"frechet_rank_deficient", [&] { return frechet_deficient(folder); }},
      {"statistics_50k", [&] { return statistics(folder, at::kDouble); }},
      {"statistics_50k_f32", [&] { return statistics(folder, at::kFloat); }},
      {"neighbours_10k", [&] { return neighbours(folder, 10000); }},
      {"neighbours_50k", [&] { return neighbours(folder, 50000); }}};
  assay::perf::repeat_on_demand(works.at(words[1])());
}
