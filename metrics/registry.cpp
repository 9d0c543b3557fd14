// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/near_miss.h"
#include "metrics/accuracy.h"
#include "metrics/elbo.h"
#include "metrics/frechet.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"
#include "metrics/metric.h"
#include "metrics/modes.h"
#include "metrics/precision_recall.h"
#include "metrics/reconstruction.h"

namespace assay {

const std::vector<Metric>& metrics() {
  constexpr std::string_view kPacGan = "Lin et al. 2018 (PacGAN), sec. 4.1";
  static const std::vector<Metric> kMetrics{
      {"fd",
       "Heusel et al. 2017",
       Better::kLower,
       Needs::kFeatures,
       "Frechet distance of feature Gaussians: |m1-m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)",
       compute_fd,
       {{"f32_blocks", 0, 0, 1,
         "1: products of the statistics in f32 within blocks of 1024 rows"}}},
      {"precision", "Kynkäänniemi et al. 2019", Better::kHigher, Needs::kFeatures,
       "share of generated in the k-nearest-neighbour balls of the reference", compute_precision},
      {"recall", "Kynkäänniemi et al. 2019", Better::kHigher, Needs::kFeatures,
       "share of the reference in the k-nearest-neighbour balls of generated", compute_recall},
      {"density", "Naeem et al. 2020", Better::kHigher, Needs::kFeatures,
       "mean number of reference balls that hold a generated image, over k", compute_density},
      {"coverage", "Naeem et al. 2020", Better::kHigher, Needs::kFeatures,
       "share of the reference whose ball holds a generated image", compute_coverage},
      {"authpct", "Alaa et al. 2022", Better::kHigher, Needs::kFeatures,
       "percent of generated farther from their nearest training image than that from its own",
       compute_authpct},
      {"kid",
       "Bińkowski et al. 2018",
       Better::kLower,
       Needs::kFeatures,
       "squared MMD of features under (x.y/D + 1)^3, unbiased",
       compute_kid,
       {{"subsets", 0, 0, 1e6, "random subsets to average over; 0: all pairs at once"},
        {"subset_size", 1000, 2, 1e6, "rows of a subset"},
        {"seed", 2020, 0, 4294967295.0, "of the subsets"}}},
      {"inception_score",
       "Salimans et al. 2016",
       Better::kHigher,
       Needs::kLogits,
       "exp mean KL(p(y|x) || p(y)) under the extractor's classifier",
       compute_inception_score,
       {{"splits", 10, 1, 1e6, "parts that are scored each on its own and averaged"}}},
      {"reconstruction_mse", "-", Better::kLower, Needs::kReconstructions,
       "mean squared error per pixel on the scale 0 to 1", compute_reconstruction_mse},
      {"elbo", "Kingma & Welling 2014", Better::kHigher, Needs::kElbo,
       "evidence lower bound in nats per image", compute_elbo},
      {"modes_covered", kPacGan, Better::kHigher, Needs::kPoints,
       "modes with a point less than 3 sigma away", compute_modes_covered},
      {"high_quality_share", kPacGan, Better::kHigher, Needs::kPoints,
       "share of points less than 3 sigma from their nearest mode", compute_high_quality_share},
      {"reverse_kl", kPacGan, Better::kLower, Needs::kPoints,
       "log(modes) - entropy of high-quality points over modes, in nats", compute_reverse_kl},
      {"accuracy", "-", Better::kHigher, Needs::kClassification,
       "share of test labels that are the classifier's first choice", compute_accuracy}};
  return kMetrics;
}

const Metric& metric(std::string_view name) {
  const auto& known = metrics();
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Metric& candidate) { return candidate.name == name; });
  if (found != known.end()) return *found;
  std::vector<std::string> names;
  for (const auto& candidate : known) names.emplace_back(candidate.name);
  throw Error(fmt::format("unknown metric '{:.100}'{}", name, suggestion(name, names, "metrics")));
}

}  // namespace assay
