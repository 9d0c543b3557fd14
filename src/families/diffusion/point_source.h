// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include "config/choices.h"
#include "config/definition.h"
#include "config/schema.h"
#include "data/dataset.h"

namespace assay {

/// What lies at the noise end of straight paths, by the names that objective.source takes: "noise",
/// N(0, I), which has no loader; or a generated set of points (Tong et al. 2024, sec. 3.2: a flow
/// between any two laws).
using SourceLoader = Dataset (*)(const DatasetRequest&);
const Choices<SourceLoader>& point_sources();
/// Keys of [objective].
Schema source_keys();

/// The 100,000 training points of such a set, of dataset.seed, with noise and size as a definition
/// says; its ends are drawn from them with replacement.
class PointSource {
 public:
  PointSource(const Definition& definition, torch::Device device);

  /// The points that stand for standard normal noise eps [N,2]: of row ⌊n Φ(ε_1)⌋ of n, so that
  /// whatever draws noise draws rows that are equally likely, each from its own sample. Returns
  /// [N,2] f32.
  torch::Tensor at_noise(const torch::Tensor& eps) const;

 private:
  torch::Tensor points_;
};

}  // namespace assay
