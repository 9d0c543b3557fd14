// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "cli/stored.h"
#include "data/dataset.h"
#include "families/trainable.h"

namespace assay {

/// A model with the weights of a stored run (its newest sound checkpoint), and the data set it was
/// trained on.
struct TrainedModel {
  Definition definition;
  Dataset dataset;
  std::unique_ptr<Trainable> model;
  std::string label;  ///< "run 12 (vae/x seed 0)"
  std::string weights_sha256;
  std::uint64_t seed = 0;              ///< of the run
  std::int64_t images_seen = 0;        ///< by the weights
  GenerativeModel& generator() const;  ///< throws Error if the family generates nothing
};
TrainedModel load_trained(const CommonOptions& common, const std::string& run,
                          const StoredChanges& changes, const std::string& device);

/// Where latents come from.
struct LatentStream {
  std::uint64_t seed = 0;
  std::string_view name = "sample";
};
/// The stream of the samples that the run was scored by (harness/evaluator.h).
LatentStream scored_latents(const TrainedModel& trained);

/// `count` samples, batch after batch.
void draw_samples(const TrainedModel& trained, std::int64_t count, const LatentStream& latents,
                  const std::function<void(const at::Tensor&)>& sink);

}  // namespace assay
