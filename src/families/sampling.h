// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "families/trainable.h"

namespace assay {

/// `count` standard normal tensors of `shape`, drawn on the CPU one after another, so that the
/// first n of them are the same however many follow. Returns [count, shape…] f32.
torch::Tensor draw_normal(std::int64_t count, const std::vector<std::int64_t>& shape,
                          torch::Generator generator);

/// A generator of its own for a sample, whose state takes in all 64 bits of the seed
/// (init_by_array of the two halves: Matsumoto & Nishimura 2002). LibTorch's own constructor looks
/// at the lower 32 alone: of 50,000 seeds drawn at random two would give the same noise with
/// probability 1 − exp(−n²/2^33) = 0.25; here it is n²/2^65 = 7e-11.
torch::Generator generator_of_sample(std::uint64_t seed);

/// Draws of a mixture: which component, as a uniform number, and where in it.
struct MixtureDraws {
  torch::Tensor uniform;  ///< [count] f64 in [0,1)
  torch::Tensor normal;   ///< [count,Z] f32
};

/// `count` pairs of both, drawn on the CPU one pair after another.
MixtureDraws draw_uniform_and_normal(std::int64_t count, std::int64_t dimensions,
                                     torch::Generator generator);

/// Calls make(begin, end) for consecutive ranges of at most request.batch_size samples without
/// gradients, reports progress and gives what it returns to the request's sink, on the CPU.
void sample_in_batches(
    const SampleRequest& request,
    const std::function<torch::Tensor(std::int64_t begin, std::int64_t end)>& make);

/// All samples of a request as one tensor, beside its own sink: for points, or a few images.
torch::Tensor samples_as_one(GenerativeModel& model, SampleRequest request);

/// Puts a module into eval mode for a scope.
class EvalMode {
 public:
  explicit EvalMode(torch::nn::Module& module);
  ~EvalMode();
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  torch::nn::Module& module_;
  bool was_training_;
};

}  // namespace assay
