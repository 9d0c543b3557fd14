// SPDX-License-Identifier: Apache-2.0
#include "harness/path_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "harness/environment.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

// Below this angle a great circle and a straight line agree to the last bit.
constexpr double kSmallestSine = 1e-6;

at::Tensor decoded(GenerativeModel& model, const torch::Tensor& z, const torch::Tensor& labels) {
  const auto examples = model.decode(z.to(torch::kFloat32), labels)->to(torch::kCPU);
  // Points are as they are; images go from [−1,1] to [0,255].
  return examples.dim() == 4 ? examples.clamp(-1, 1).add(1.0).mul(127.5) : examples;
}

}  // namespace

torch::Tensor slerp(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& t) {
  const auto norms = a.norm(2, 1, true) * b.norm(2, 1, true);
  const auto cosine = ((a * b).sum(1, true) / norms).clamp(-1.0, 1.0);
  const auto angle = cosine.acos();
  const auto sine = angle.sin();
  const auto circle = (((1.0 - t) * angle).sin() * a + (t * angle).sin() * b) / sine;
  return torch::where(sine.gt(kSmallestSine), circle, (1.0 - t) * a + t * b);
}

void draw_path_distances(const PathSource& source, MetricInputs& inputs) {
  const std::int64_t count = source.definition.integer("eval.generated");
  const double epsilon = option(inputs, "ppl.epsilon");
  const auto generator = make_generator(torch::kCPU, source.seed, kEvalNoise);
  const auto labels = source.model.sample_labels(count);
  const auto of_ends = labels ? labels->repeat_interleave(2) : torch::Tensor();
  const auto latents = source.model.draw_latents(2 * count, of_ends, generator);
  if (!latents) {
    throw Error(fmt::format("family '{}' has no latents; drop ppl from eval.metrics",
                            source.definition.family));
  }
  const auto t = torch::rand({count, 1}, generator, torch::kFloat64);
  const auto ends = latents->to(torch::kFloat64).view({count, 2, -1});
  std::vector<at::Tensor> distances;
  for (std::int64_t begin = 0; begin < count; begin += source.block) {
    const std::int64_t end = std::min(begin + source.block, count);
    const auto a = ends.slice(0, begin, end).select(1, 0),
               b = ends.slice(0, begin, end).select(1, 1);
    const auto share = t.slice(0, begin, end);
    const auto classes = labels ? labels->slice(0, begin, end) : torch::Tensor();
    const auto here = source.features(decoded(source.model, slerp(a, b, share), classes));
    const auto there =
        source.features(decoded(source.model, slerp(a, b, share + epsilon), classes));
    const auto step = (there.to(torch::kFloat64) - here.to(torch::kFloat64)) / epsilon;
    distances.push_back(step.square().sum(1));
  }
  inputs.features.path_distances = torch::cat(distances);
}

}  // namespace assay
