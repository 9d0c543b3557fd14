// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"
#include "core/metric_kind.h"

namespace assay {

struct DciMemo;
struct PairSweepMemo;
struct StackedModesMemo;

/// What a metric may take of an evaluation, in the order in which one that is missing is named.
enum class Part : std::uint32_t {
  kFeatures,         ///< of generated rows, and of reference ones where the score has any
  kHeldOut,          ///< features of real data that the model was not trained on
  kSpatialFeatures,  ///< of both sides
  kLogits,           ///< of the extractor's classifier, for generated rows
  kPaths,
  kImages,  ///< of both sides
  kReconstructions,
  kNoisyReconstructions,  ///< of corrupted originals
  kCodes,                 ///< of reference images
  kPosteriors,            ///< the log-variances of their distributions
  kFactors,               ///< that made these images
  kDistortions,           ///< the errors of decoding codes quantised
  kTrainingCodes,         ///< codes of training images, with labels
  kJacobian,              ///< norms of the encoder's Jacobian
  kElbo,
  kLogWeights,
  kPoints,
  kClassLogits,      ///< of the model under test
  kLabels,           ///< of the reference
  kSampleLabels,     ///< the class each generated row was asked for
  kEvaluations,      ///< how often a sample asked its network
  kDenoisingLosses,  ///< of reference examples
  kDensities,        ///< of reference examples
  kPathEnergies,     ///< of paths that samples are drawn on
  kTrainingCost,
  kSamplingCost,
  kAttributes  ///< what each generated row was asked to show, and what it shows
};

/// A set of parts.
class Parts {
 public:
  constexpr Parts() = default;
  constexpr Parts(std::initializer_list<Part> parts) {
    for (const Part part : parts) add(part);
  }
  constexpr void add(Part part) { bits_ |= std::uint32_t{1} << static_cast<std::uint32_t>(part); }
  constexpr void add(Parts parts) { bits_ |= parts.bits_; }
  constexpr bool has(Part part) const { return any_of({part}); }
  constexpr bool any_of(Parts parts) const { return (bits_ & parts.bits_) != 0; }
  constexpr bool within(Parts others) const { return (bits_ & ~others.bits_) == 0; }
  /// The first that is not among `others`, if there is one.
  std::optional<Part> first_beyond(Parts others) const {
    const std::uint32_t beyond = bits_ & ~others.bits_;
    if (beyond == 0) return std::nullopt;
    return static_cast<Part>(std::countr_zero(beyond));
  }
  constexpr bool operator==(const Parts&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

/// The sets that metrics take.
struct Needs {
  static constexpr Parts kFeatures{Part::kFeatures};
  static constexpr Parts kHeldOut{Part::kFeatures, Part::kHeldOut};
  static constexpr Parts kSpatialFeatures{Part::kSpatialFeatures};
  static constexpr Parts kLabelled{Part::kFeatures, Part::kLabels, Part::kSampleLabels};
  static constexpr Parts kLabelledImages{Part::kImages, Part::kLabels, Part::kSampleLabels};
  static constexpr Parts kLogits{Part::kLogits};
  static constexpr Parts kPaths{Part::kPaths};
  static constexpr Parts kReconstructions{Part::kReconstructions};
  static constexpr Parts kNoisyReconstructions{Part::kNoisyReconstructions};
  static constexpr Parts kElbo{Part::kElbo};
  static constexpr Parts kLogWeights{Part::kLogWeights};
  static constexpr Parts kPoints{Part::kPoints};
  static constexpr Parts kClassification{Part::kClassLogits, Part::kLabels};
  static constexpr Parts kCodeMeans{Part::kCodes};
  static constexpr Parts kPosteriors{Part::kCodes, Part::kPosteriors};
  static constexpr Parts kCodes{Part::kCodes, Part::kFactors};
  static constexpr Parts kPosteriorsAndFactors{Part::kCodes, Part::kPosteriors, Part::kFactors};
  static constexpr Parts kQuantisedCodes{Part::kCodes, Part::kDistortions};
  static constexpr Parts kProbe{Part::kCodes, Part::kTrainingCodes, Part::kLabels};
  static constexpr Parts kJacobian{Part::kJacobian};
  static constexpr Parts kEvaluations{Part::kEvaluations};
  static constexpr Parts kDenoisingLosses{Part::kDenoisingLosses};
  static constexpr Parts kDensities{Part::kDensities};
  static constexpr Parts kTrainingCost{Part::kTrainingCost};
  static constexpr Parts kSamplingCost{Part::kSamplingCost};
  static constexpr Parts kPathEnergies{Part::kPoints, Part::kPathEnergies};
};

/// What an extractor gives, and what files of images, features or codes may hold; the rest a run
/// alone has.
inline constexpr Parts kOfExtractor{Part::kFeatures, Part::kSpatialFeatures, Part::kLogits,
                                    Part::kPaths};
inline constexpr Parts kOfFiles{
    Part::kFeatures, Part::kHeldOut,    Part::kSpatialFeatures, Part::kLogits, Part::kImages,
    Part::kCodes,    Part::kPosteriors, Part::kFactors,         Part::kLabels, Part::kSampleLabels};

/// A number that a metric can be asked with, as `--set kid.subsets=10` or in [eval].
struct MetricOption {
  std::string_view key;  ///< "subsets"; "kid.subsets" outside
  double fallback = 0.0;
  double low = 0.0, high = 0.0;  ///< both included
  std::string_view meaning;
};

/// What an extractor says of images, or of points the points themselves.
struct FeatureInputs {
  at::Tensor generated;          ///< [N,D] f32
  at::Tensor reference;          ///< [M,D] f32
  at::Tensor held_out;           ///< [T,D] f32
  at::Tensor generated_spatial;  ///< [N,S] f32: features that keep where things are
  at::Tensor reference_spatial;  ///< [M,S] f32
  at::Tensor logits;             ///< [N,K] f32 of generated images
  at::Tensor path_distances;     ///< [N] f64: d(f(z), f(z+eps))² / eps² between neighbours
};

/// u8 [N,C,H,W].
struct ImageInputs {
  at::Tensor generated;
  at::Tensor reference;
  at::Tensor originals;        ///< reconstruction pairs, after to_pixels
  at::Tensor reconstructions;  ///< of the originals
  at::Tensor noisy_reconstructions;
};

/// Latent codes of reference images.
struct CodeInputs {
  at::Tensor means;           ///< [N,L] f32 or f64: codes, or means of their posteriors
  at::Tensor logvar;          ///< [N,L] log-variances of the same Gaussian posteriors
  at::Tensor factors;         ///< [N,F] i64: of the images, each counted from 0
  at::Tensor factor_sizes;    ///< [F] i64: values each factor can take
  at::Tensor variances;       ///< [L] variance of each code over the data, for the FactorVAE score
  at::Tensor group_codes;     ///< [G,B,L]: groups of images that share one factor's value, if some
                              ///< were drawn; else the scores of groups draw them from the above
  at::Tensor group_factors;   ///< [G] i64: which factor it was
  at::Tensor pair_codes;      ///< [G,B,2,L]: pairs that share one factor's value, for beta-VAE's
  at::Tensor pair_factors;    ///< [G] i64
  at::Tensor training;        ///< [M,L] f32: codes of training images
  at::Tensor distortions;     ///< [K,2] f64: quantiser steps and errors, see code_rate.h
  at::Tensor jacobian_norms;  ///< [N]: |dh/dx|_F at reference images in [-1,1]
};

struct LikelihoodInputs {
  at::Tensor elbo;              ///< [N] evidence lower bound per image in nats
  at::Tensor log_weights;       ///< [N,K] f64: log p(x,z)/q(z|x) in nats of K samples
  at::Tensor densities;         ///< [N] f64: log p(x) in nats
  at::Tensor denoising_losses;  ///< [N,8]: a diffusion model's loss at eight times
  std::int64_t dimensions = 0;  ///< numbers per image, for bits per dimension
};

struct PointInputs {
  at::Tensor generated;     ///< [N,2]
  at::Tensor reference;     ///< [M,2]
  at::Tensor mode_centres;  ///< [K,2] f64
  double mode_sigma = 0.0;
  at::Tensor path_starts;    ///< [P,2]: noise that P further samples were drawn from
  at::Tensor path_energies;  ///< [P] f64: ∫ ‖dx/dt‖² dt of their paths
};

/// Multiply-adds (kernels/runtime/multiply_adds.h); NaN: not counted.
struct CostInputs {
  double training = std::numeric_limits<double>::quiet_NaN();  ///< by example a run trains on
  double sampling = std::numeric_limits<double>::quiet_NaN();  ///< by sample that was drawn
};

/// i64 of the rows of whatever part they stand beside.
struct LabelInputs {
  at::Tensor generated;     ///< [N]: the class each sample was asked for
  at::Tensor reference;     ///< [M]
  at::Tensor training;      ///< of the training codes
  at::Tensor class_logits;  ///< [M,K] f32 of the model under test, for accuracy
  at::Tensor asked;         ///< [N,F]: attributes that each sample was asked to show
  at::Tensor shown;         ///< [N,F]: those it shows
};

/// The parts that the evaluator drew, and how to score them; a metric sees these and never a model.
/// What no metric takes may be undefined. All on the CPU.
struct MetricInputs {
  FeatureInputs features;
  ImageInputs images;
  CodeInputs codes;
  LikelihoodInputs likelihoods;
  PointInputs points;
  CostInputs costs;
  LabelInputs labels;

  /// How often a generated row asked its network, on average, 1 where it was drawn in one pass; NaN
  /// if none was drawn.
  double evaluations = std::numeric_limits<double>::quiet_NaN();
  std::int64_t k = 3;                     ///< neighbours of all metrics that have any
  std::map<std::string, double> options;  ///< by "metric.key"; what is absent has its fallback
  std::string compat;                     ///< a peer whose conventions to follow, or empty
  std::vector<std::string> wanted;        ///< all metrics of this evaluation: work they can share
  /// What metrics of one evaluation share; whoever evaluates makes them empty, and copies share
  /// them. Without them each metric computes its own.
  std::shared_ptr<PairSweepMemo> sweep;
  std::shared_ptr<DciMemo> trees;
  std::shared_ptr<StackedModesMemo> stacked;
  at::Device device = at::kCPU;  ///< where products of many rows are computed
  Protocol protocol;  ///< what all metrics of this evaluation share; each adds its own fields
};

/// A score: lower or higher is better, one or more values under one protocol (fd; precision; …).
struct Metric {
  std::string_view name;
  std::string_view paper;
  Better better;
  std::string_view unit;
  Parts needs;
  std::string_view meaning;  ///< one line with formula
  MetricValue (*compute)(const MetricInputs&);
  std::vector<MetricOption> options = {};
  /// [N] f64: of each reference example what the score is the mean of; nullptr: it is no such mean.
  at::Tensor (*of_examples)(const MetricInputs&) = nullptr;
};

/// The complete list.
const std::vector<Metric>& metrics();

/// Of each of them, under every name that its scores carry: fd and sfd are fid and sfid on the
/// Inception-v3 2015-12-05 features.
std::vector<MetricKind> metric_kinds();

/// Throws Error with the near miss for an unknown name.
const Metric& metric(std::string_view name);

}  // namespace assay
