// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// sFID's form (Nash et al. 2021): the Fréchet distance of features that keep where things
/// are, instead of pooled ones. Under the Inception-v3 of 2015-12-05 and its first 7 mixed_6/conv
/// maps it is sFID itself.
MetricValue compute_sfd(const MetricInputs& inputs);

/// Mean over classes of the Fréchet distance between generated and reference features of one class
/// (Miyato & Koyama 2018). Classes weigh the same
/// however many rows they have. Classes are independent: the standard error is √(Σ e²)/K.
/// generated [N,D], reference [M,D] f64; labels [N], [M] i64. Throws Error naming the classes that
/// have fewer than two rows on either side.
Mean intra_class_distance(const at::Tensor& generated, const at::Tensor& generated_labels,
                          const at::Tensor& reference, const at::Tensor& reference_labels);

MetricValue compute_intra_fd(const MetricInputs& inputs);

}  // namespace assay
