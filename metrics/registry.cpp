// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "core/error.h"
#include "core/near_miss.h"
#include "metrics/codes/code_metrics.h"
#include "metrics/costs/multiply_adds.h"
#include "metrics/features/classification_accuracy_score.h"
#include "metrics/features/fd_infinity.h"
#include "metrics/features/feature_likelihood.h"
#include "metrics/features/frechet.h"
#include "metrics/features/frechet_variants.h"
#include "metrics/features/gaussian_mmd.h"
#include "metrics/features/inception_score.h"
#include "metrics/features/kernel_distance.h"
#include "metrics/features/mifid.h"
#include "metrics/features/path_length.h"
#include "metrics/features/sliced_w2.h"
#include "metrics/features/vendi.h"
#include "metrics/images/accuracy.h"
#include "metrics/images/attribute_accuracy.h"
#include "metrics/images/parzen.h"
#include "metrics/images/psnr.h"
#include "metrics/images/reconstruction.h"
#include "metrics/images/ssim.h"
#include "metrics/images/stacked_modes.h"
#include "metrics/likelihood/denoising.h"
#include "metrics/likelihood/elbo.h"
#include "metrics/likelihood/importance_weights.h"
#include "metrics/likelihood/ode_nll.h"
#include "metrics/metric.h"
#include "metrics/neighbours/data_copying.h"
#include "metrics/neighbours/precision_recall.h"
#include "metrics/points/modes.h"
#include "metrics/points/path_energy.h"
#include "metrics/points/wasserstein.h"

namespace assay {
namespace {

constexpr std::string_view kPacGan = "Lin et al. 2018 (PacGAN), sec. 4.1";
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTiny = 1e-9;
constexpr double kLargestSeed = 4294967295.0;
using Metrics = std::vector<Metric>;

Metrics frechet_distances() {
  return {{"fd",
           "Heusel et al. 2017",
           Better::kLower,
           "squared features",
           Needs::kFeatures,
           "Frechet distance of feature Gaussians: |m1-m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)",
           compute_fd,
           {{"f32_blocks", 0, 0, 1,
             "1: products of the statistics in f32 within blocks of 1024 rows"}}},
          {"fd_infinity",
           "Chong & Forsyth 2020",
           Better::kLower,
           "squared features",
           Needs::kFeatures,
           "fd extrapolated to infinitely many generated samples",
           compute_fd_infinity,
           {{"points", 15, 3, 1000, "sample sizes that the line in 1/n goes through"},
            {"seed", 0, 0, kLargestSeed, "seed of the subsets"}}},
          {"sfd", "Nash et al. 2021", Better::kLower, "squared features", Needs::kSpatialFeatures,
           "Frechet distance of spatial features", compute_sfd},
          {"intra_fd", "Miyato & Koyama 2018", Better::kLower, "squared features", Needs::kLabelled,
           "mean over classes of the Frechet distance within the class", compute_intra_fd},
          {"mifid",
           "Bai et al. 2021",
           Better::kLower,
           "squared features",
           Needs::kFeatures,
           "fd / mean nearest cosine distance to the reference where that is below eps",
           compute_mifid,
           {{"eps", 0.1, 0, 1, "below this distance the samples count as memorised"}}}};
}

Metrics kernel_and_sliced_distances() {
  return {{"kid",
           "Bińkowski et al. 2018",
           Better::kLower,
           "kernel",
           Needs::kFeatures,
           "squared MMD of features under (x.y/D + 1)^3, unbiased",
           compute_kid,
           {{"subsets", 0, 0, 1e6, "random subsets to average over; 0: all pairs at once"},
            {"subset_size", 1000, 2, 1e6, "rows of a subset"},
            {"seed", 2020, 0, kLargestSeed, "of the subsets"}}},
          {"cmmd",
           "Jayasumana et al. 2024",
           Better::kLower,
           "kernel",
           Needs::kFeatures,
           "scale * squared MMD of unit features under a Gaussian kernel, biased",
           compute_cmmd,
           {{"sigma", 10, kTiny, 1e9, "width of the kernel"},
            {"scale", 1000, kTiny, 1e9, "what the result is multiplied by"}}},
          {"mmd_rbf",
           "Gretton et al. 2012",
           Better::kLower,
           "kernel",
           Needs::kFeatures,
           "squared MMD under a Gaussian kernel, unbiased",
           compute_mmd_rbf,
           {{"sigma", 0, 0, 1e9, "width of the kernel; 0: the median distance"}}},
          {"sliced_w2",
           "Bonneel et al. 2015; Berthet et al. 2026 (MIND)",
           Better::kLower,
           "squared features",
           Needs::kFeatures,
           "3 D times the mean squared Wasserstein distance along random directions",
           compute_sliced_w2,
           {{"directions", 1000, 1, 1e6, "random directions"},
            {"seed", 2020, 0, kLargestSeed, "seed of the directions"}}}};
}

Metrics neighbourhoods() {
  return {
      {"precision", "Kynkäänniemi et al. 2019", Better::kHigher, "share", Needs::kFeatures,
       "share of generated in the k-nearest-neighbour balls of the reference", compute_precision},
      {"recall", "Kynkäänniemi et al. 2019", Better::kHigher, "share", Needs::kFeatures,
       "share of the reference in the k-nearest-neighbour balls of generated", compute_recall},
      {"density", "Naeem et al. 2020", Better::kHigher, "ratio", Needs::kFeatures,
       "mean number of reference balls that hold a generated image, over k", compute_density},
      {"coverage", "Naeem et al. 2020", Better::kHigher, "share", Needs::kFeatures,
       "share of the reference whose ball holds a generated image", compute_coverage},
      {"authpct", "Alaa et al. 2022", Better::kHigher, "percent", Needs::kFeatures,
       "percent of generated farther from their nearest training image than that from its own",
       compute_authpct}};
}

Metrics memorisation() {
  return {
      {"ct",
       "Meehan et al. 2020",
       Better::kHigher,
       "standard deviations",
       Needs::kHeldOut,
       "C_T test of data copying: 0 is as fresh data, below -3 copies, above 3 far from the data",
       compute_ct,
       {{"cells", 3, 1, 1e4, "k-means cells of the training set"},
        {"min_generated", 20, 0, 1e9, "a cell counts if it holds more generated rows than this"},
        {"seed", 0, 0, kLargestSeed, "seed of the k-means starts"}}},
      {"fld",
       "Jiralerspong et al. 2023",
       Better::kLower,
       "hundredths of a nat",
       Needs::kHeldOut,
       "feature likelihood divergence: 100 * (NLL of held-out data under a mixture on generated - "
       "the same on training features)",
       compute_fld,
       {{"most_rows", 10000, 4, 1e6, "generated and training rows that are drawn at most"},
        {"seed", 0, 0, kLargestSeed, "seed of these draws and of the training set's halves"}}}};
}

Metrics diversity() {
  return {
      {"inception_score",
       "Salimans et al. 2016",
       Better::kHigher,
       "effective classes",
       Needs::kLogits,
       "exp mean KL(p(y|x) || p(y)) under the extractor's classifier",
       compute_inception_score,
       {{"splits", 10, 1, 1e6, "parts that are scored each on its own and averaged"}}},
      {"vendi",
       "Friedman & Dieng 2023",
       Better::kHigher,
       "effective samples",
       Needs::kFeatures,
       "effective number of distinct generated features: exp entropy of cosine similarity",
       compute_vendi,
       {{"q", 1, 0, kInfinity, "order of the entropy; inf looks at the largest mode alone"}}},
      {"ppl",
       "Karras et al. 2019",
       Better::kLower,
       "squared distance",
       Needs::kPaths,
       "perceptual path length: mean d(G(z), G(z+eps))^2 / eps^2 between percentiles",
       compute_ppl,
       {{"epsilon", 1e-4, 1e-8, 1, "length of a path, as a share of the way between two latents"},
        {"trim_low", 1, 0, 49, "percentage of small lengths that is dropped"},
        {"trim_high", 1, 0, 49, "percentage of large lengths that is dropped"}}}};
}

Metrics of_given_images() {
  return {
      {"reconstruction_mse", "-", Better::kLower, "squared pixels in [0,1]",
       Needs::kReconstructions, "mean squared error per pixel on the scale 0 to 1",
       compute_reconstruction_mse},
      {"psnr", "-", Better::kHigher, "dB", Needs::kReconstructions,
       "10 log10(255^2/MSE) in dB, mean over images", compute_psnr},
      {"ssim", "Wang et al. 2004", Better::kHigher, "similarity", Needs::kReconstructions,
       "structural similarity in 11x11 Gaussian windows, 1 at best", compute_ssim},
      {"ms_ssim", "Wang et al. 2003", Better::kHigher, "similarity", Needs::kReconstructions,
       "structural similarity over five scales, 1 at best; sides over 160 pixels", compute_ms_ssim},
      {"elbo",
       "Kingma & Welling 2014",
       Better::kHigher,
       "nats per image",
       Needs::kElbo,
       "evidence lower bound in nats per image",
       compute_elbo,
       {},
       elbo_of_examples},
      {"iwae_nll",
       "Burda et al. 2016",
       Better::kLower,
       "nats per image",
       Needs::kLogWeights,
       "-log mean importance weight in nats per image: an upper bound in expectation",
       compute_iwae_nll,
       {},
       iwae_nll_of_examples},
      {"bits_per_dim", "Burda et al. 2016", Better::kLower, "bits per number", Needs::kLogWeights,
       "iwae_nll / (D ln 2): bits per number of the image", compute_bits_per_dim}};
}

Metrics of_diffusion() {
  return {{"nfe", "-", Better::kLower, "evaluations", Needs::kEvaluations,
           "network function evaluations of a sample, counted while it is drawn", compute_nfe},
          {"validation_loss",
           "Ho et al. 2020, eq. 14",
           Better::kLower,
           "loss",
           Needs::kDenoisingLosses,
           "training loss of reference examples at eight times, evenly spread, on fixed noise",
           compute_validation_loss,
           {},
           validation_losses},
          {"ode_nll",
           "Song et al. 2021, eq. 39",
           Better::kLower,
           "nats per example",
           Needs::kDensities,
           "-log p(x) of the probability-flow ODE in nats per example",
           compute_ode_nll,
           {{"tolerance", 1e-4, 1e-9, 1e-1, "of a step's error, relative and absolute"},
            {"examples", 500, 2, 1e6, "reference examples at most; more are cut by a seeded draw"}},
           ode_nll_of_examples},
          {"ode_bits_per_dim", "Song et al. 2021, table 2", Better::kLower, "bits per number",
           Needs::kDensities, "ode_nll / (D ln 2), solved as ode_nll's options say",
           compute_ode_bits_per_dim},
          {"normalised_path_energy",
           "Tong et al. 2024, sec. 6.1",
           Better::kLower,
           "ratio",
           Needs::kPathEnergies,
           "|mean of the paths' energies - W2^2(noise, reference)| / W2^2(noise, reference)",
           compute_normalised_path_energy,
           {{"points", 2000, 2, 10000, "points a side at most; more are cut by a seeded draw"}}}};
}

Metrics costs() {
  return {
      {"training_multiply_adds", "-", Better::kLower, "multiply-adds", Needs::kTrainingCost,
       "multiply-adds of products and convolutions by example that training sees, forward and "
       "backward, as counted; twice as many FLOPs",
       compute_training_multiply_adds},
      {"sampling_multiply_adds", "-", Better::kLower, "multiply-adds", Needs::kSamplingCost,
       "multiply-adds of products and convolutions by sample, all of its network's evaluations, "
       "as counted; twice as many FLOPs",
       compute_sampling_multiply_adds}};
}

Metrics points() {
  return {{"modes_covered", kPacGan, Better::kHigher, "modes", Needs::kPoints,
           "modes with a point less than 3 sigma away", compute_modes_covered},
          {"high_quality_share", kPacGan, Better::kHigher, "share", Needs::kPoints,
           "share of points less than 3 sigma from their nearest mode", compute_high_quality_share},
          {"reverse_kl", kPacGan, Better::kLower, "nats", Needs::kPoints,
           "log(modes) - entropy of high-quality points over modes, in nats", compute_reverse_kl},
          {"w2_exact",
           "Villani 2009",
           Better::kLower,
           "distance",
           Needs::kPoints,
           "2-Wasserstein distance of the points by exact assignment",
           compute_w2_exact,
           {{"points", 2000, 2, 10000, "points a side at most; more are cut by a seeded draw"}}}};
}

Metrics windows() {
  return {{"parzen",
           "Goodfellow et al. 2014, sec. 5",
           Better::kHigher,
           "nats per image",
           Parts{Part::kImages},
           "mean log density of real pixels under a Parzen window on generated ones; misleading in "
           "many dimensions",
           compute_parzen,
           {{"sigmas", 10, 2, 1000, "widths that are tried, from 0.1 to 1"}}}};
}

Metrics stacked_modes() {
  constexpr std::string_view kStacked = "Metz et al. 2017; Lin et al. 2018 (PacGAN), sec. 4.2";
  return {{"stacked_modes_covered", kStacked, Better::kHigher, "modes", Parts{Part::kImages},
           "combinations of classes of an image's channels (fmnist-cnn) that were generated",
           compute_stacked_modes_covered},
          {"stacked_reverse_kl", kStacked, Better::kLower, "nats", Parts{Part::kImages},
           "log(combinations) - entropy of images over them, in nats", compute_stacked_reverse_kl}};
}

Metrics classification() {
  return {
      {"accuracy", "-", Better::kHigher, "share", Needs::kClassification,
       "share of test labels that are the classifier's first choice", compute_accuracy},
      {"class_accuracy", "Dhariwal & Nichol 2021", Better::kHigher, "share",
       Parts{Part::kLogits, Part::kSampleLabels},
       "share of generated images that the extractor's classifier puts into the class asked "
       "for",
       compute_class_accuracy},
      {"attribute_accuracy", "-", Better::kHigher, "share", Parts{Part::kAttributes},
       "share of attributes that samples show as they were asked to", compute_attribute_accuracy},
      {"cas",
       "Ravuri & Vinyals 2019",
       Better::kHigher,
       "share",
       Needs::kLabelledImages,
       "classification accuracy score: top 1 on the reference, trained on generated images",
       compute_cas,
       {{"epochs", 5, 1, 1000, "times that each generated image is trained on"},
        {"seed", 0, 0, kLargestSeed, "seed of the weights, the order and the dropout"}}}};
}

Metrics all_of(const std::vector<Metrics>& groups) {
  Metrics all;
  for (const Metrics& group : groups) all.insert(all.end(), group.begin(), group.end());
  return all;
}

}  // namespace

const std::vector<Metric>& metrics() {
  static const Metrics kMetrics =
      all_of({frechet_distances(), kernel_and_sliced_distances(), neighbourhoods(), memorisation(),
              diversity(), of_given_images(), of_diffusion(), costs(), points(), windows(),
              stacked_modes(), classification(), code_metrics()});
  return kMetrics;
}

std::vector<MetricKind> metric_kinds() {
  std::vector<MetricKind> kinds;
  const auto add = [&](std::string_view name, const Metric& of) {
    kinds.push_back({std::string(name), of.better, std::string(of.unit), std::string(of.meaning)});
  };
  for (const Metric& one : metrics()) add(one.name, one);
  add("fid", metric("fd"));
  add("sfid", metric("sfd"));
  return kinds;
}

const Metric& metric(std::string_view name) {
  const auto& known = metrics();
  const auto found = std::ranges::find(known, name, &Metric::name);
  if (found != known.end()) return *found;
  if (name == "fid") {
    throw Error(
        "unknown metric 'fid': it is the metric 'fd' on the extractor inception-v3 (`assay data "
        "fetch inception-v3` says how to get its weights); on another extractor fd is not "
        "comparable with a published FID");
  }
  std::vector<std::string> names;
  for (const auto& candidate : known) names.emplace_back(candidate.name);
  throw Error(fmt::format("unknown metric '{:.100}'{}", name,
                          short_suggestion(name, names, "metrics", "metrics/README.md lists")));
}

}  // namespace assay
