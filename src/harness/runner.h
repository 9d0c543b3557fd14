// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "config/definition.h"
#include "core/events.h"
#include "families/trainable.h"
#include "harness/stop.h"
#include "kernels/convolution/convolution.h"

namespace assay {

/// The finished run that a definition with a first stage begins from.
struct FirstStageWeights {
  std::filesystem::path file;  ///< its final checkpoint
  std::string state_hash;      ///< that its row has
  std::string label;           ///< "run 3 (latent/fashion_mnist_kl seed 0)", for messages
};

struct RunRequest {
  Definition definition;
  std::uint64_t seed = 0;
  torch::Device device = torch::kCPU;
  std::filesystem::path checkpoints;                 ///< folder of this run; empty: none are saved
  std::optional<std::filesystem::path> resume_from;  ///< a checkpoint of this run
  /// Final weights of a run of the same training_id: nothing is trained, they are scored.
  std::optional<std::filesystem::path> weights = {};
  /// For a definition with a first stage, unless the run goes on from a checkpoint or scores
  /// weights, which hold it.
  std::optional<FirstStageWeights> first_stage = {};
  /// That the run has in its database, where its definition may have had other ids; empty: the
  /// definition's own.
  std::string experiment_id = {}, training_id = {};
};

/// Length of a run in whole steps and in images.
struct RunLength {
  std::int64_t steps = 0;
  std::int64_t images = 0;
};
RunLength run_length(const Definition& definition);

/// Trains, evaluates and checkpoints one experiment with one seed; everything that happens goes to
/// `observer`, the last event is finished(). A failure (a non-finite loss, an exception) is a
/// result: status diverged or failed with its reason. What stops a run from outside (an Error with
/// exit code kRunFailed, as a full disk, or kInterrupted, see from_outside) leaves it interrupted.
/// Every exception is thrown again once it is reported, so that the caller can print it; that of an
/// interruption as an Error with exit code kInterrupted.
RunFinished run_experiment(const RunRequest& request, RunObserver& observer,
                           const StopRequest& stop);

/// One seed among those that train together; the observer is of this seed alone.
struct SeedRequest {
  RunRequest request;
  RunObserver* observer;
};

/// In how many places the seeds of the request's definition train as one model: train.seed_batch; 0
/// where each trains alone, because that is not set, because its capabilities say so, or because on
/// the CPU that many networks have more than 2^21 parameters together, which is slower than one at
/// a time. Reads the data set and builds a network if train.seed_batch is set.
std::int64_t seed_batch_places(const RunRequest& request);

/// The same for several seeds of one definition, on one device, that train as one model
/// (seed_batch_places > 0, harness/seed_batch.h): of different places (seed mod train.seed_batch),
/// and all new or all from checkpoints of one step. Each has its own events, and ends on its own: a
/// seed that diverges, or fails in an evaluation, disturbs no other. The first failure is thrown
/// again when all have ended.
std::vector<RunFinished> run_experiments(const std::vector<SeedRequest>& requests,
                                         const StopRequest& stop);

/// What train.convolution says. Whoever calls a model sets it for its thread
/// (ConvolutionModeScope); run_experiment() does.
ConvolutionMode convolution_mode_of(const Definition& definition);

/// What a definition's [dataset] table asks for, and the data set itself: the same for every seed
/// of a run.
DatasetRequest dataset_request_of(const Definition& definition);
Dataset load_dataset_for(const Definition& definition);

/// A model with initial weights of this seed, on a device.
std::unique_ptr<Trainable> build_model(const Definition& definition, std::uint64_t seed,
                                       const Dataset& dataset, torch::Device device);

}  // namespace assay
