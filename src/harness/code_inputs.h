// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"
#include "families/trainable.h"
#include "harness/blocks.h"
#include "metrics/metric.h"

namespace assay {

/// What scores of an encoder are drawn from: a model, and images with their classes.
struct CodeSource {
  GenerativeModel& model;
  const Definition& definition;
  const DataSplit& train;
  Batch examples;  ///< of the reference, u8
  torch::Device device;
  const EvaluationProgress& progress;
};

/// ‖∂h/∂x‖_F at the first jacobian_norm.images reference images. Throws Error naming the metric for
/// a family without an encoder; so below.
void draw_jacobian_norms(const CodeSource& source, MetricInputs& inputs);

/// Reconstructions of reference images that eval.noise corrupted. The noise is of a fixed seed: the
/// same for every run and family.
void draw_noisy_reconstructions(const CodeSource& source, MetricInputs& inputs);

/// Codes of linear_probe_error.examples training images that a fixed permutation picks, and their
/// labels.
void draw_probe(const CodeSource& source, MetricInputs& inputs);

/// Mean squared error (on the scale 0 to 1, not rounded) of the first code_rate.images reference
/// images decoded from codes quantised with Δ = 0, then 4 s, 2 s, s, s/2, … until the error is at
/// most 1 + code_rate.tolerance of the first; s² is the codes' mean variance. Needs
/// MetricInputs::codes.means. Throws Error if 40 steps are all too wide.
void draw_distortions(const CodeSource& source, MetricInputs& inputs);

/// Throws Error for a share of overwritten values (eval.noise_level) above 1.
void check_noise(const Definition& definition);

/// What all of these add to a metric's protocol.
void add_code_protocol(const Definition& definition, Parts needs, Protocol& protocol);

}  // namespace assay
