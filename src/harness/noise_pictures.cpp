// SPDX-License-Identifier: Apache-2.0
#include "harness/noise_pictures.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "data/png.h"
#include "harness/blocks.h"
#include "harness/pictures.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kTimes = 33, kTimesteps = 50, kScored = 16, kRows = 6, kColumns = 10;

// Numbers as the shortest text that reads back as the same.
Artifact table(const std::string& kind, const std::string& heading, const at::Tensor& rows) {
  std::string text = heading + "\n";
  for (int64_t i = 0; i < rows.size(0); ++i) {
    text += fmt::format("{},{}\n", rows[i][0].item<double>(), rows[i][1].item<double>());
  }
  return {kind, 0, "text/csv", text};
}

// [N,columns,C,H,W] in [−1,1] and beyond.
Artifact picture(const std::string& kind, const at::Tensor& strips) {
  const auto images = to_pixels(strips.flatten(0, 1));
  return picture_artifact(kind, image_grid(images, strips.size(1)));
}

Batch first_of(const Batch& examples, int64_t count, torch::Device device) {
  return examples_on(device, examples, 0, std::min(count, examples.images.size(0)));
}

}  // namespace

std::vector<Artifact> noise_artifacts(NoisingModel& model, const Batch& examples,
                                      torch::Device device, const torch::Generator& generator) {
  std::vector<Artifact> artifacts = {table("snr_curve", "t,log_snr", model.snr_curve(kTimes))};
  if (const auto terms =
          model.bound_terms(first_of(examples, kScored, device), kTimesteps, generator.clone())) {
    artifacts.push_back(table("bound_terms", "timestep,bits_per_dim", *terms));
  }
  if (examples.images.dim() != 4) return artifacts;
  const auto shown = first_of(examples, kRows, device).images;
  artifacts.push_back(picture("noising", model.noised_strips(shown, kColumns, generator.clone())));
  if (const auto strips = model.denoised_strips(kRows, kColumns, generator.clone())) {
    artifacts.push_back(picture("denoising", *strips));
  }
  return artifacts;
}

}  // namespace assay
