// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "data/batch_stream.h"
#include "data/dataset.h"
#include "families/told_samples.h"
#include "families/trainable.h"
#include "harness/blocks.h"
#include "metrics/metric.h"

namespace assay {

/// Whose stream eval_noise samples are drawn from to be scored: eval.sample_seed, or the run's own.
std::uint64_t sample_seed(const Definition& definition, std::uint64_t run_seed);

/// Where a model's weights are.
torch::Device device_of(Trainable& model);

/// What metrics want of a model and of real examples, but for its samples. Noise comes from a
/// stream of the run, eval_posterior of bounds, eval_denoising, eval_densities and eval_paths of
/// diffusion models, started afresh each time. Each throws Error if the family or the
/// data set cannot give it.
class EvaluationInputs {
 public:
  /// Definition and data set must outlive it.
  EvaluationInputs(const Definition& definition, std::uint64_t seed, const Dataset& dataset,
                   EvaluationProgress progress);

  const DataSplit& reference_split() const;
  /// Those of the split's images that eval.reference_count asks for.
  at::Tensor reference_images() const;
  /// And their labels and factors, where there are any.
  Batch reference_examples() const;
  /// The rows of the reference split's tensor that eval.reference_count asks for.
  at::Tensor reference_part(const at::Tensor& of_split) const;

  void draw_reconstructions(GenerativeModel& model, MetricInputs& inputs) const;
  void draw_elbo(GenerativeModel& model, MetricInputs& inputs) const;
  void draw_log_weights(GenerativeModel& model, MetricInputs& inputs) const;
  void draw_denoising_losses(GenerativeModel& model, MetricInputs& inputs) const;
  /// Of ode_nll.examples of the reference, the same for every run.
  void draw_densities(GenerativeModel& model, MetricInputs& inputs) const;
  void draw_path_energies(GenerativeModel& model, MetricInputs& inputs) const;
  /// Codes of the reference images, the log-variances of their posteriors where the model has some,
  /// and the factors of the images where the data set knows them.
  void draw_codes(GenerativeModel& model, MetricInputs& inputs) const;
  void draw_labels(GenerativeModel& model, MetricInputs& inputs) const;
  /// What these samples, u8, were asked to show, and what they show.
  void read_attributes(const TokenModel& told, const at::Tensor& samples,
                       MetricInputs& inputs) const;
  void draw_classes(Trainable& model, MetricInputs& inputs) const;

 private:
  const Definition& definition_;
  std::uint64_t seed_;
  const Dataset& dataset_;
  EvaluationProgress progress_;
};

}  // namespace assay
