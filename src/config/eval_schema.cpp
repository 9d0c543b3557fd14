// SPDX-License-Identifier: Apache-2.0
#include "config/eval_schema.h"

namespace assay {
namespace {

using std::int64_t;
constexpr double kMany = 1e12;  // a count that no evaluation reaches

}  // namespace

Schema eval_keys() {
  return {
      {.path = "eval.every_images",
       .default_value = int64_t{0},
       .meaning = "metrics are computed this often; 0: at the end only",
       .unit = "images",
       .minimum = 0,
       .maximum = kMany},
      {.path = "eval.untrained",
       .default_value = true,
       .meaning = "also score the initial weights, at 0 images"},
      {.path = "eval.metrics",
       .default_value = std::vector<std::string>{"fd", "precision", "recall"},
       .meaning = "what is computed, see metrics/README.md"},
      {.path = "eval.options",
       .default_value = std::vector<std::string>{},
       .meaning = "options of metrics, as 'kid.subsets=100', see metrics/README.md"},
      {.path = "eval.importance_samples",
       .default_value = int64_t{100},
       .meaning = "posterior samples per image for iwae_nll and bits_per_dim",
       .minimum = 1,
       .maximum = 1e6,
       .needs = {{"eval.metrics", {"iwae_nll", "bits_per_dim"}}}},
      {.path = "eval.extractor",
       .default_value = std::string("fmnist-cnn"),
       .meaning = "features for fd, precision, recall and the Inception-Score form"},
      {.path = "eval.weights",
       .default_value = std::string("ema"),
       .meaning =
           "weights that are scored and sampled: the averaged ones where [ema] keeps some, or "
           "the raw ones",
       .choices = {"ema", "raw"}},
      {.path = "eval.generated",
       .default_value = int64_t{5000},
       .meaning = "samples drawn for the metrics",
       .unit = "images",
       .minimum = 2,
       .maximum = 1e7},
      {.path = "eval.sample_seed",
       .default_value = int64_t{-1},
       .meaning = "seed of the samples' latents, so that all runs are scored on the same ones; "
                  "-1: the run's own",
       .minimum = -1,
       .maximum = 1e9},
      {.path = "eval.reference_split",
       .default_value = std::string("test"),
       .meaning = "real images that samples are compared with, and that are reconstructed",
       .choices = {"train", "test"}},
      {.path = "eval.reference_count",
       .default_value = int64_t{0},
       .meaning = "so many real images, drawn from the split by a fixed permutation; 0: all of it",
       .unit = "images",
       .minimum = 0,
       .maximum = 1e8},
      {.path = "eval.noise",
       .default_value = std::string("gaussian"),
       .meaning = "noise_psnr: how originals are corrupted; the same for every family and run",
       .choices = {"gaussian", "masking", "salt_and_pepper"},
       .needs = {{"eval.metrics", {"noise_psnr"}}}},
      {.path = "eval.noise_level",
       .default_value = 0.5,
       .meaning =
           "gaussian: standard deviation, of images in [-1,1]; else the share of values that are "
           "overwritten",
       .minimum = 0,
       .maximum = 1000,
       .needs = {{"eval.metrics", {"noise_psnr"}}}},
      {.path = "eval.neighbours",
       .default_value = int64_t{3},
       .meaning = "k of precision, recall, density, coverage and their like",
       .minimum = 1,
       .maximum = 1000},
      {.path = "eval.collapse_modes",
       .default_value = 0.5,
       .meaning = "the event mode_collapse: modes_covered is below this share of the data's modes; "
                  "0: never",
       .minimum = 0,
       .maximum = 1,
       .identity = false,
       .needs = {{"eval.metrics", {"modes_covered"}}}},
      {.path = "eval.collapse_recall",
       .default_value = 0.0,
       .meaning = "the event mode_collapse: recall is below this; 0: never",
       .minimum = 0,
       .maximum = 1,
       .identity = false,
       .needs = {{"eval.metrics", {"recall"}}}},
      {.path = "eval.grid",
       .default_value = int64_t{64},
       .meaning = "samples in the pictures, from latents that stay the same through the run",
       .unit = "images",
       .minimum = 0,
       .maximum = 1024},
      {.path = "eval.batch_size",
       .default_value = int64_t{250},
       .meaning =
           "samples drawn at a time, as far as they hold at most 2^23 values together; changes "
           "their last bits at most",
       .unit = "images",
       .minimum = 1,
       .maximum = 65536},
  };
}

}  // namespace assay
