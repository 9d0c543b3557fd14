// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/events.h"
#include "data/dataset.h"
#include "families/trainable.h"
#include "harness/evaluation_inputs.h"
#include "harness/sample_keeper.h"
#include "harness/speed.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"

namespace assay {

struct EvaluationResult {
  Evaluation evaluation;
  std::vector<Artifact> artifacts;  ///< sample and reconstruction pictures
  std::vector<Note> notes;          ///< e.g. mode_collapse
};

/// Draws what the metrics of a definition need from a model, and scores it. All noise comes from
/// the run's streams eval_noise and eval_posterior, started afresh at each evaluation: the latents
/// stay the same through the run, and an evaluation changes nothing that training sees.
class Evaluator {
 public:
  /// `dataset` must outlive the evaluator. Throws Error for an unknown metric or extractor, and for
  /// a metric that the data set cannot serve.
  Evaluator(const Definition& definition, std::uint64_t seed, const Dataset& dataset,
            EvaluationProgress progress);

  /// `last`: also shows what the model has learned, in latent_space.h, level_sets.h,
  /// noise_pictures.h and style_pictures.h.
  EvaluationResult evaluate(Trainable& model, std::int64_t images_seen, bool last = false);
  /// Sampling speed over all evaluations so far.
  const SpeedMeter& sampling() const { return sampling_; }

 private:
  /// What some metric reads.
  FeatureParts wanted_parts() const;
  Features features_of(const at::Tensor& examples);
  const Features& reference_features();
  /// Features of the test split: what a model trained on the reference has not seen.
  const Features& held_out_features();
  /// eval.generated if a score needs them, eval.grid for a picture alone.
  std::int64_t samples_to_draw() const;
  std::int64_t samples_at_a_time() const;
  /// Draws images, or points; sampling() times it.
  SampleKeeper sample(GenerativeModel& model, std::int64_t count);
  /// The same at every evaluation; counted at the first.
  double training_cost(Trainable& model);
  /// Spread of the reference, in the unit of SampleKeeper's.
  double reference_spread();
  void draw_samples(GenerativeModel& model, MetricInputs& inputs, EvaluationResult& result,
                    bool last);
  void add_features(SampleKeeper& drawn, MetricInputs& inputs);
  /// Pictures and tables of what a trained model has learned, but for its samples.
  void show_model(GenerativeModel& model, EvaluationResult& result) const;
  /// Notes scores that tell of mode collapse.
  void look_for_collapse(EvaluationResult& result) const;
  /// What the definition's metrics need of the model, and pictures of it.
  void draw_inputs(GenerativeModel& model, MetricInputs& inputs, EvaluationResult& result,
                   bool last);
  /// What scores of codes and of the encoder need (code_inputs.h).
  void draw_code_inputs(GenerativeModel& model, MetricInputs& inputs);

  const Definition& definition_;
  std::uint64_t seed_;
  const Dataset& dataset_;
  EvaluationProgress progress_;
  EvaluationInputs drawer_;
  std::vector<const Metric*> metrics_;
  Parts needs_;  ///< of all metrics
  std::unique_ptr<Extractor> extractor_;
  std::optional<Features> reference_features_, held_out_features_;
  std::optional<double> reference_spread_;
  SpeedMeter sampling_;
  /// How often a batch of samples asked the network; none where the sampler does not say so.
  std::optional<double> evaluations_;
  /// Multiply-adds of a sample, if some metric asks for them.
  double sampling_cost_ = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> training_cost_;
};

}  // namespace assay
