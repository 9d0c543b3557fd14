// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/near_miss.h"
#include "metrics/accuracy.h"
#include "metrics/beta_vae_score.h"
#include "metrics/dci.h"
#include "metrics/elbo.h"
#include "metrics/factor_vae_score.h"
#include "metrics/frechet.h"
#include "metrics/importance_weights.h"
#include "metrics/inception_score.h"
#include "metrics/metric.h"
#include "metrics/mig.h"
#include "metrics/modes.h"
#include "metrics/precision_recall.h"
#include "metrics/psnr.h"
#include "metrics/reconstruction.h"
#include "metrics/sap.h"
#include "metrics/ssim.h"
#include "metrics/wasserstein.h"

namespace assay {

const std::vector<Metric>& metrics() {
  constexpr std::string_view kPacGan = "Lin et al. 2018 (PacGAN), sec. 4.1";
  constexpr std::string_view kDci = "Eastwood & Williams 2018";
  constexpr MetricOption kBins{"bins", 20, 2, 1000, "intervals of equal width per code"};
  static const std::vector<Metric> kMetrics{
      {"fd", "Heusel et al. 2017", Better::kLower, Needs::kFeatures,
       "Frechet distance of feature Gaussians: |m1-m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)",
       compute_fd},
      {"precision", "Kynkäänniemi et al. 2019", Better::kHigher, Needs::kFeatures,
       "share of generated in the k-nearest-neighbour balls of the reference", compute_precision},
      {"recall", "Kynkäänniemi et al. 2019", Better::kHigher, Needs::kFeatures,
       "share of the reference in the k-nearest-neighbour balls of generated", compute_recall},
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
       "share of test labels that are the classifier's first choice", compute_accuracy},
      {"psnr", "-", Better::kHigher, Needs::kReconstructions,
       "10 log10(255^2/MSE) in dB, mean over images", compute_psnr},
      {"ssim", "Wang et al. 2004", Better::kHigher, Needs::kReconstructions,
       "structural similarity in 11x11 Gaussian windows, 1 at best", compute_ssim},
      {"ms_ssim", "Wang et al. 2003", Better::kHigher, Needs::kReconstructions,
       "structural similarity over five scales, 1 at best; sides over 160 pixels", compute_ms_ssim},
      {"iwae_nll", "Burda et al. 2016", Better::kLower, Needs::kLogWeights,
       "-log mean importance weight in nats per image: an upper bound in expectation",
       compute_iwae_nll},
      {"bits_per_dim", "Burda et al. 2016", Better::kLower, Needs::kLogWeights,
       "iwae_nll / (D ln 2): bits per number of the image", compute_bits_per_dim},
      {"w2_exact",
       "Villani 2009",
       Better::kLower,
       Needs::kPoints,
       "2-Wasserstein distance of the points by exact assignment",
       compute_w2_exact,
       {{"points", 2000, 2, 5000, "points a side at most; more are cut by a seeded draw"}}},
      {"mig",
       "Chen et al. 2018",
       Better::kHigher,
       Needs::kCodes,
       "gap of the two codes that tell most about a factor, in shares of its entropy",
       compute_mig,
       {kBins}},
      {"modularity",
       "Ridgeway & Mozer 2018",
       Better::kHigher,
       Needs::kCodes,
       "1 - squared information of codes about all factors but their best one",
       compute_modularity,
       {kBins}},
      {"sap", "Kumar et al. 2018", Better::kHigher, Needs::kCodes,
       "gap of the two codes from which a linear SVM tells a factor best", compute_sap},
      {"factor_vae_score",
       "Kim & Mnih 2018",
       Better::kHigher,
       Needs::kCodes,
       "share of groups whose fixed factor the code of least variance tells",
       compute_factor_vae_score,
       {{"least_deviation", 0.05, 0, 1e6, "codes of a smaller standard deviation are dead"}}},
      {"beta_vae_score", "Higgins et al. 2017", Better::kHigher, Needs::kCodes,
       "share of groups whose fixed factor a linear classifier tells from |z1 - z2|",
       compute_beta_vae_score},
      {"dci_disentanglement", kDci, Better::kHigher, Needs::kCodes,
       "purity of each code's importances for factors, weighted by importance",
       compute_dci_disentanglement},
      {"dci_completeness", kDci, Better::kHigher, Needs::kCodes,
       "purity of the codes' importances for each factor", compute_dci_completeness},
      {"dci_informativeness", kDci, Better::kHigher, Needs::kCodes,
       "accuracy of gradient-boosted trees that tell factors from all codes",
       compute_dci_informativeness}};
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
