// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "families/trainable.h"
#include "harness/loss_log.h"

namespace assay {

/// Whether so many models like this one train faster on the CPU as one model than one after
/// another: up to 2^21 parameters in all. With their gradients and Adam's moments more take over 32
/// MiB, which leave the cache between one use and the next (results/README.md: the speeds). On a
/// GPU several are always trained as one.
bool faster_together(Trainable& model, std::int64_t places);

/// Several seeds of one experiment that train as one model (kernels/runtime/seed_batch.h). The
/// state of `trained` becomes one stack [S,…] a tensor, the seeds' own models become views of it:
/// they are evaluated, saved, loaded and hashed as if each had trained alone.
///
/// The stack has a place for each of the S seeds that train.seed_batch allows, and a seed's place
/// is given. A place that stays empty computes a copy of another's state, which nobody looks at. So
/// a seed's results, bit for bit, depend neither on which nor on how many others it trains with:
/// what it is computed from and how vector loops cut it up are always the same.
class SeedBatch {
 public:
  /// models: for each place a model of the same definition, or nullptr. They must outlive this, and
  /// have done equally many steps. Throws Error for a model of which several cannot train as one.
  SeedBatch(std::unique_ptr<Trainable> trained, const std::vector<Trainable*>& models);

  /// What one place gives a step.
  struct Input {
    Batch batch;
    torch::Generator noise;
  };
  /// One step of all. inputs: of each place that has a model, else empty ones. context: all but its
  /// noise. Returns the terms of each place. Throws Error for a model of which several cannot train
  /// as one; whatever else goes wrong in the step passes through.
  std::vector<std::vector<LossValue>> training_step(const std::vector<Input>& inputs,
                                                    const StepContext& context);

 private:
  std::unique_ptr<Trainable> trained_;
  std::size_t donor_ = 0;  // the first place that has a model
};

}  // namespace assay
