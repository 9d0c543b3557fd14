// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"

namespace assay {

struct DciMemo;
struct PairSweepMemo;

enum class Better { kLower, kHigher };

/// What a metric needs the evaluator to draw.
enum class Needs {
  kFeatures,         ///< generated and reference features
  kHeldOut,          ///< and held-out ones
  kSpatialFeatures,  ///< generated and reference spatial features
  kLabelled,         ///< features and labels of both sides
  kLabelledImages,   ///< images and labels of both sides
  kLogits,
  kPaths,
  kReconstructions,
  kElbo,
  kLogWeights,
  kPoints,
  kClassification,
  kCodeMeans,             ///< codes of reference images
  kPosteriors,            ///< and the log-variances of their distributions
  kCodes,                 ///< codes of reference images and the factors that made these
  kPosteriorsAndFactors,  ///< all of this
  kQuantisedCodes,        ///< codes, and the error of decoding them quantised
  kProbe,                 ///< codes of reference and of training images, both with labels
  kJacobian,              ///< norms of the encoder's Jacobian
  kNoisyReconstructions   ///< reconstructions of corrupted originals
};

/// Whether it is of what an extractor gives.
bool is_of_features(Needs needs);
/// Whether files of images, features or codes can give it; else a run alone does.
bool is_of_files(Needs needs);
/// Whether it is of codes of reference images alone; of these, whether the factors behind the
/// images and the log-variances of posteriors belong to it.
bool is_of_codes(Needs needs);
bool needs_factors(Needs needs);
bool needs_posteriors(Needs needs);

/// Latent codes and the factors that made the images, for scores of disentanglement.
struct CodesAndFactors {
  at::Tensor codes;          ///< [N,L] f32 or f64: posterior means
  at::Tensor logvar;         ///< [N,L] log-variances of the same Gaussian posteriors
  at::Tensor factors;        ///< [N,F] i64, each counted from 0
  at::Tensor factor_sizes;   ///< [F] i64: values each factor can take
  at::Tensor variances;      ///< [L] variance of each code over the data, for the FactorVAE score
  at::Tensor group_codes;    ///< [G,B,L]: groups of images that share one factor's value, if some
                             ///< were drawn; else the scores of groups draw them from the above
  at::Tensor group_factors;  ///< [G] i64: which factor it was
  at::Tensor pair_codes;     ///< [G,B,2,L]: pairs that share one factor's value, for beta-VAE's
  at::Tensor pair_factors;   ///< [G] i64
};

/// A number that a metric can be asked with, as `--set kid.subsets=10` or in [eval].
struct MetricOption {
  std::string_view key;  ///< "subsets"; "kid.subsets" outside
  double fallback = 0.0;
  double low = 0.0, high = 0.0;  ///< both included
  std::string_view meaning;
};

/// Tensors that the evaluator drew; a metric sees these and never a model. Fields a metric does not
/// need may be undefined. All on the CPU.
struct MetricInputs {
  at::Tensor generated_features;     ///< [N,D] f32
  at::Tensor reference_features;     ///< [M,D] f32
  at::Tensor held_out_features;      ///< [T,D] f32 of real data that the model was not trained on
  at::Tensor generated_spatial;      ///< [N,S] f32: features that keep where things are
  at::Tensor reference_spatial;      ///< [M,S] f32
  at::Tensor generated_images;       ///< [N,C,H,W] u8
  at::Tensor reference_images;       ///< [M,C,H,W] u8
  at::Tensor generated_labels;       ///< [N] i64: the class each image was asked for
  at::Tensor reference_labels;       ///< [M] i64
  at::Tensor generated_logits;       ///< [N,K] f32, of the extractor's classifier
  at::Tensor path_distances;         ///< [N] f64: d(f(z), f(z+eps))² / eps² between neighbours
  at::Tensor originals;              ///< [N,C,H,W] u8: reconstruction pairs, after to_pixels
  at::Tensor reconstructions;        ///< [N,C,H,W] u8
  at::Tensor elbo_nats;              ///< [N] evidence lower bound per image
  at::Tensor log_weights;            ///< [N,K] f64: log p(x,z)/q(z|x) in nats of K samples
  std::int64_t data_dimensions = 0;  ///< numbers per image, for bits per dimension
  at::Tensor code_means;             ///< [N,Z] f32: codes of reference images, or their means
  at::Tensor code_labels;            ///< [N] i64: classes of the same images
  at::Tensor probe_codes;            ///< [M,Z] f32: codes of training images
  at::Tensor probe_labels;           ///< [M] i64
  at::Tensor code_distortions;       ///< [K,2] f64: quantiser steps and errors, see code_rate.h
  at::Tensor jacobian_norms;         ///< [N]: |dh/dx|_F at reference images in [-1,1]
  at::Tensor noisy_reconstructions;  ///< [N,C,H,W] u8: of originals that were corrupted
  at::Tensor points;                 ///< [N,2] generated points
  at::Tensor reference_points;       ///< [M,2]
  at::Tensor mode_centres;           ///< [M,2] f64
  double mode_sigma = 0.0;
  at::Tensor class_logits;  ///< [N,K] of the model under test, for accuracy
  at::Tensor class_labels;  ///< [N] i64
  CodesAndFactors disentanglement;

  std::int64_t k = 3;                     ///< neighbours of all metrics that have any
  std::map<std::string, double> options;  ///< by "metric.key"; what is absent has its fallback
  std::string compat;                     ///< a peer whose conventions to follow, or empty
  std::vector<std::string> wanted;        ///< all metrics of this evaluation: work they can share
  /// What metrics of one evaluation share; whoever evaluates makes them empty, and copies share
  /// them. Without them each metric computes its own.
  std::shared_ptr<PairSweepMemo> sweep;
  std::shared_ptr<DciMemo> trees;
  at::Device device = at::kCPU;  ///< where products of many rows are computed
  Protocol protocol;  ///< what all metrics of this evaluation share; each adds its own fields
};

/// A score: lower or higher is better, one or more values under one protocol (fd; precision; …).
struct Metric {
  std::string_view name;
  std::string_view paper;
  Better better;
  Needs needs;
  std::string_view meaning;  ///< one line with formula and unit
  MetricValue (*compute)(const MetricInputs&);
  std::vector<MetricOption> options = {};
};

/// The complete list.
const std::vector<Metric>& metrics();

/// Throws Error with the near miss for an unknown name.
const Metric& metric(std::string_view name);

}  // namespace assay
