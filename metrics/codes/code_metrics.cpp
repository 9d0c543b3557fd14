// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/code_metrics.h"

#include <string_view>

#include "metrics/codes/active_units.h"
#include "metrics/codes/beta_vae_score.h"
#include "metrics/codes/code_rate.h"
#include "metrics/codes/dci.h"
#include "metrics/codes/factor_vae_score.h"
#include "metrics/codes/jacobian_norm.h"
#include "metrics/codes/linear_probe_error.h"
#include "metrics/codes/mean_activation.h"
#include "metrics/codes/mig.h"
#include "metrics/codes/mig_sampled.h"
#include "metrics/codes/sap.h"
#include "metrics/codes/total_correlation.h"
#include "metrics/images/noise_psnr.h"

namespace assay {
namespace {

constexpr std::string_view kDci = "Eastwood & Williams 2018";
constexpr double kLargestSeed = 4294967295.0;
constexpr MetricOption kBins{"bins", 20, 2, 1000, "intervals of equal width per code"};
constexpr MetricOption kGroupSize{"group_size", 64, 2, 1e5, "images, or pairs, of a group"};
constexpr MetricOption kGroupSeed{"seed", 0, 0, kLargestSeed, "seed of the groups"};
using Metrics = std::vector<Metric>;

Metrics without_factors() {
  return {{"active_units",
           "Burda et al. 2016",
           Better::kHigher,
           "dimensions",
           Needs::kCodeMeans,
           "code dimensions whose mean varies with the image, Var_x E[z|x] > threshold",
           compute_active_units,
           {{"threshold", 0.01, 0, 1e9, "a dimension of a smaller variance has collapsed"}}},
          {"total_correlation",
           "Chen et al. 2018",
           Better::kLower,
           "nats",
           Needs::kPosteriors,
           "KL(q(z) || prod q(z_j)) in nats of samples of q(z|x) under the aggregate posterior",
           compute_total_correlation,
           {{"samples", 10000, 2, 1e7, "images that a sample is drawn for; all if there are fewer"},
            {"seed", 0, 0, kLargestSeed, "seed of the samples"}}},
          {"gaussian_total_correlation", "Locatello et al. 2019", Better::kLower, "nats",
           Needs::kCodeMeans,
           "total correlation in nats of a Gaussian with the covariance of the code means",
           compute_gaussian_total_correlation}};
}

// Of a trained encoder: no file can stand for it, but for mean_activation.
Metrics of_encoders() {
  return {{"jacobian_norm",
           "Rifai et al. 2011",
           Better::kLower,
           "norm",
           Needs::kJacobian,
           "mean Frobenius norm of the encoder's Jacobian, images in [-1,1]",
           compute_jacobian_norm,
           {{"images", 500, 2, 1e7, "reference images that it is taken at, the first ones"}}},
          {"noise_psnr", "Vincent et al. 2010", Better::kHigher, "dB", Needs::kNoisyReconstructions,
           "psnr of reconstructions from corrupted images (eval.noise) against clean ones",
           compute_noise_psnr},
          {"mean_activation", "Ng 2011", Better::kLower, "activation", Needs::kCodeMeans,
           "mean of all code units over images", compute_mean_activation},
          {"linear_probe_error",
           "Alain & Bengio 2017",
           Better::kLower,
           "share",
           Needs::kProbe,
           "error of logistic regression from codes to classes, fitted to training codes",
           compute_linear_probe_error,
           {{"examples", 10000, 2, 1e7, "training images whose codes it is fitted to"}}},
          {"code_rate",
           "Balle et al. 2017",
           Better::kLower,
           "bits per image",
           Needs::kQuantisedCodes,
           "bits per image: entropy of codes that are quantised as coarsely as they bear",
           compute_code_rate,
           {{"tolerance", 0.01, 1e-6, 10, "share by which the squared error may rise"},
            {"images", 2000, 2, 1e7, "reference images that are decoded to find the step"}}}};
}

Metrics information_of_codes() {
  return {
      {"mig",
       "Chen et al. 2018",
       Better::kHigher,
       "share",
       Needs::kCodes,
       "gap of the two codes that tell most about a factor, in shares of its entropy",
       compute_mig,
       {kBins}},
      {"mig_sampled",
       "Chen et al. 2018",
       Better::kHigher,
       "share",
       Needs::kPosteriorsAndFactors,
       "the same gap of samples of q(z|x) under the aggregate posterior, the authors' estimator",
       compute_mig_sampled,
       {{"samples", 10000, 2, 1e7, "images that a sample is drawn for; all if there are fewer"},
        {"seed", 0, 0, kLargestSeed, "seed of the samples"}}},
      {"modularity",
       "Ridgeway & Mozer 2018",
       Better::kHigher,
       "share",
       Needs::kCodes,
       "1 - squared information of codes about all factors but their best one",
       compute_modularity,
       {kBins}}};
}

Metrics learned_from_codes() {
  return {{"sap", "Kumar et al. 2018", Better::kHigher, "share", Needs::kCodes,
           "gap of the two codes from which a linear SVM tells a factor best", compute_sap},
          {"factor_vae_score",
           "Kim & Mnih 2018",
           Better::kHigher,
           "share",
           Needs::kCodes,
           "share of groups whose fixed factor the code of least variance tells",
           compute_factor_vae_score,
           {{"least_deviation", 0.05, 0, 1e6, "codes of a smaller standard deviation are dead"},
            {"groups", 10000, 1, 1e7, "groups that are drawn from the codes"},
            kGroupSize,
            kGroupSeed}},
          {"beta_vae_score",
           "Higgins et al. 2017",
           Better::kHigher,
           "share",
           Needs::kCodes,
           "share of groups whose fixed factor a linear classifier tells from |z1 - z2|",
           compute_beta_vae_score,
           {{"groups", 15000, 3, 1e7, "groups of pairs that are drawn from the codes"},
            kGroupSize,
            kGroupSeed}},
          {"dci_disentanglement", kDci, Better::kHigher, "share", Needs::kCodes,
           "purity of each code's importances for factors, weighted by importance",
           compute_dci_disentanglement},
          {"dci_completeness", kDci, Better::kHigher, "share", Needs::kCodes,
           "purity of the codes' importances for each factor", compute_dci_completeness},
          {"dci_informativeness", kDci, Better::kHigher, "share", Needs::kCodes,
           "accuracy of gradient-boosted trees that tell factors from all codes",
           compute_dci_informativeness}};
}

}  // namespace

std::vector<Metric> code_metrics() {
  Metrics all = without_factors();
  for (const Metrics& group : {of_encoders(), information_of_codes(), learned_from_codes()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace assay
