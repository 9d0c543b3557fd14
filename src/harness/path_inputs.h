// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "config/definition.h"
#include "families/trainable.h"
#include "metrics/metric.h"

namespace assay {

/// The point at share t of the great circle from a to b (Shoemake 1985):
///   (sin((1−t)Ω) a + sin(tΩ) b) / sin Ω,  cos Ω = a·b / (‖a‖‖b‖),
/// and the straight line where a and b point the same way. a, b: [N,Z]; t: [N,1]. Returns [N,Z].
torch::Tensor slerp(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& t);

/// What lengths of paths through a latent space are measured with.
struct PathSource {
  GenerativeModel& model;
  const Definition& definition;
  std::uint64_t seed;
  /// Of images [N,C,H,W] f32 in [0,255], or of points.
  std::function<at::Tensor(const at::Tensor& examples)> features;
  std::int64_t block = 1;  ///< pairs decoded at a time
};

/// ‖f(G(z(t+ε))) − f(G(z(t)))‖² / ε² on eval.generated paths (Karras et al. 2019, sec. 4.1,
/// "full"): z(t) = slerp of two latents that samples are drawn from, t uniform in [0,1), ε =
/// ppl.epsilon. All of it is drawn from the run's stream eval_noise, started afresh. Samples are
/// not rounded to 8 bits here. Throws Error for a model without latents.
void draw_path_distances(const PathSource& source, MetricInputs& inputs);

}  // namespace assay
