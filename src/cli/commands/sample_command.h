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

/// Weights made elsewhere, and what they are weights of.
struct ImportedWeights {
  std::string files;                ///< as read_networks() takes them (harness/network_files.h)
  std::string definition;           ///< an experiment, or the file of one
  std::vector<std::string> set;     ///< "key=value" of any of its keys
  std::filesystem::path data = {};  ///< where its data lie; empty: where it says
  std::uint64_t seed = 0;           ///< whose samples and noise score it
};
/// A model with them. Throws Error as resolve_target() and read_networks().
TrainedModel load_imported(const CommonOptions& common, const ImportedWeights& weights,
                           const std::string& device);

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
