// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <string_view>

#include "config/choices.h"
#include "nn/noise.h"

namespace assay {

/// Which noise of a batch each of its examples is joined to, and how wide the path between them is.
struct Coupling {
  std::string_view paper;
  /// eps reordered, so that row i goes with row i of x0; both [N,…]. `sd`: the bridge's. Null: the
  /// order in which they were drawn.
  torch::Tensor (*paired)(const torch::Tensor& x0, const torch::Tensor& eps, double sd,
                          const Noise& noise) = nullptr;
  /// The path is a Brownian bridge, of sd σ √(t (1 − t)); else its sd is σ all the way.
  bool bridge = false;
};

/// All of them, by the names that objective.coupling takes:
///   independent         I-CFM (Tong et al. 2024, sec. 3.2.2)
///   minibatch_ot        OT-CFM: the pairing of a batch with the least squared distance
///   (sec. 3.2.3;
///                       Pooladian et al. 2023), exactly
///   schrodinger_bridge  SB-CFM: each example's noise drawn from the batch's entropic optimal
///                       transport of weight 2σ² (sec. 3.2.4)
const Choices<Coupling>& couplings();

/// P of Σ P ‖x − y‖² + reg Σ P log P with uniform marginals 1/N by Sinkhorn's iteration (Cuturi
/// 2013), until the rows' sums are exact to the tolerance as a share of them, 1000 times at most.
/// costs: [N,N] f64. Returns [N,N] f64.
torch::Tensor entropic_plan(const torch::Tensor& costs, double regularisation, double tolerance);

/// What the path's width adds: w z to x_t, and dw/ds z to the velocity, s = 1 − t (Tong et al.
/// 2024, eq. 14-20). t: [N] f64 in (0,1). Both [N] f64.
struct PathWidth {
  torch::Tensor width;  ///< w
  torch::Tensor slope;  ///< dw/ds
};
PathWidth path_width(const Coupling& coupling, double sd, const torch::Tensor& t);

}  // namespace assay
