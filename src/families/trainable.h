// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/definition.h"
#include "data/batch_stream.h"
#include "nn/noise.h"
#include "nn/state.h"

namespace assay {

/// One logged scalar of a training step: a loss, a penalty, an accuracy. value is a detached 0-dim
/// tensor.
struct LossTerm {
  std::string name;
  torch::Tensor value;
};

/// A failure that does not end a run: each of `terms`, averaged over the steps between two lines of
/// the log, lies beyond `limit`. It becomes an event of the run whenever it begins.
struct FailureSign {
  std::string event;               ///< one of kFailureNotes
  std::vector<std::string> terms;  ///< names of LossTerms
  double limit = 0.0;
  bool above = true;  ///< above the limit, or below it
};

/// What a step may know of the run around it.
struct StepContext {
  std::int64_t step = 0;  ///< 0-based index of this step
  std::int64_t total_steps = 0;
  std::int64_t images_seen = 0;  ///< before this step
  double epoch = 0.0;            ///< images_seen / size of the training split
  Noise noise;  ///< stream train_noise, on the run's device: the only source of randomness
};

/// Anything the one training loop can train. Construction draws initial weights from the global CPU
/// generator, which the harness seeds from stream init just before; nothing else may use that
/// generator.
class Trainable {
 public:
  virtual ~Trainable() = default;
  /// Forward, backward and optimizer steps for one batch on the run's device.
  virtual std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) = 0;
  /// Visits every tensor of the state once, always in the same order. Save, load, device move,
  /// parameter count and state hash all walk this list.
  virtual void visit_state(StateVisitor& visitor) = 0;
  /// By what its logged terms tell that training has failed.
  virtual std::vector<FailureSign> failure_signs() const { return {}; }
  /// Class logits [N,K] of images in [−1,1], or nothing for a model that does not classify.
  virtual std::optional<torch::Tensor> classify(const torch::Tensor& /*images*/) {
    return std::nullopt;
  }
};

struct SampleRequest {
  std::int64_t count = 0;
  torch::Generator generator;  ///< on the CPU
  std::int64_t batch_size =
      250;  ///< samples drawn at a time; changes the result by rounding at most
  /// Takes one batch after another, on the CPU, as soon as it is drawn.
  std::function<void(const torch::Tensor&)> sink = {};
  /// Called before sink() with the number of samples done so far. May throw to stop.
  std::function<void(std::int64_t)> progress = {};
  /// Called before each evaluation of an iterative sampler's network, with the number of samples
  /// that it looks at. May throw to stop.
  std::function<void(std::int64_t)> poll = {};
};

/// What an encoder says of N images.
struct Codes {
  torch::Tensor mu;      ///< [N,Z] codes, or the means of q(z|x)
  torch::Tensor logvar;  ///< [N,Z] log variances of q(z|x); undefined where a code is a point
};

/// Sampling paths from noise to samples in unit time.
struct PathEnergies {
  torch::Tensor noise;   ///< [N,…] where they begin
  torch::Tensor energy;  ///< [N] ∫ ‖dx/dt‖² dt along each, as the sampler's steps take it
};

class GenerativeModel : public Trainable {
 public:
  /// Samples from the weights that eval.weights names: images [n,C,H,W] f32 in [−1,1], or points
  /// [n,2], never the whole set in memory. All latents are drawn on the CPU from the request's
  /// generator, sample by sample in order, so that the result depends neither on batch_size nor on
  /// the device.
  virtual void sample(const SampleRequest& request) = 0;
  /// The class that each of the first `count` samples is asked to show, [count] i64 on the CPU: the
  /// classes in turn. Nothing for a model that does not take classes.
  virtual std::optional<torch::Tensor> sample_labels(std::int64_t /*count*/) {
    return std::nullopt;
  }
  /// `count` latents as sample() draws them, [count,Z] on the CPU, one after another from a CPU
  /// generator: decode() makes samples of them and of their labels, [count] i64, for a model that
  /// takes classes. Nothing if samples do not come from one latent each.
  virtual std::optional<torch::Tensor> draw_latents(std::int64_t /*count*/,
                                                    const torch::Tensor& /*labels*/,
                                                    torch::Generator /*generator*/) {
    return std::nullopt;
  }
  /// Codes of a batch's images, or nothing if the family has no encoder.
  virtual std::optional<Codes> encode(const Batch& /*batch*/) { return std::nullopt; }
  /// Images in [−1,1] of codes z [N,Z], or nothing. labels: [N] i64, for a model that takes
  /// classes.
  virtual std::optional<torch::Tensor> decode(const torch::Tensor& /*z*/,
                                              const torch::Tensor& /*labels*/) {
    return std::nullopt;
  }
  /// Reconstructions of a batch's images in [−1,1], same shape, or nothing if the family has no
  /// encoder. Only a model that takes classes looks at the labels, here and below.
  virtual std::optional<torch::Tensor> reconstruct(const Batch& /*batch*/) { return std::nullopt; }
  /// ‖∂h/∂x‖_F of each of a batch's images, [N], with x in [−1,1] and h what encode() calls mu, or
  /// nothing if no code can be differentiated.
  virtual std::optional<torch::Tensor> jacobian_norms(const Batch& /*batch*/) {
    return std::nullopt;
  }
  /// Evidence lower bound per image in nats [N] (one posterior sample), or nothing.
  virtual std::optional<torch::Tensor> elbo(const Batch& /*batch*/,
                                            torch::Generator /*generator*/) {
    return std::nullopt;
  }
  /// log p(x,z)/q(z|x) in nats of `count` posterior samples per image, [N,count] f64, or nothing.
  virtual std::optional<torch::Tensor> log_weights(const Batch& /*batch*/, std::int64_t /*count*/,
                                                   torch::Generator /*generator*/) {
    return std::nullopt;
  }
  /// The training loss of each of a batch's examples at eight times, evenly spread, with noise from
  /// the generator: [N,8], or nothing for a model that is not trained at times.
  virtual std::optional<torch::Tensor> denoising_losses(const Batch& /*batch*/,
                                                        torch::Generator /*generator*/) {
    return std::nullopt;
  }
  /// log p(x) in nats of a batch's examples [N] f64, solved to a tolerance, or nothing for a model
  /// that knows no density; of images the probability of their 256 levels, by adding uniform noise
  /// (a lower bound in expectation).
  virtual std::optional<torch::Tensor> log_density(const Batch& /*batch*/, double /*tolerance*/,
                                                   torch::Generator /*generator*/) {
    return std::nullopt;
  }
  /// `count` paths on which sample() draws, or nothing if it does not draw along paths.
  virtual std::optional<PathEnergies> path_energies(std::int64_t /*count*/,
                                                    torch::Generator /*generator*/) {
    return std::nullopt;
  }
};

/// What a model is built for: the shape of one example, and the number of classes.
struct ModelArgs {
  const Definition& definition;
  std::vector<std::int64_t> example_shape;  ///< {C,H,W} or {2}
  std::int64_t classes = 0;
  torch::Device device = torch::kCPU;
  torch::Tensor training_images =
      {};  ///< u8 [N,C,H,W] or f32 [N,2] on the CPU: for data-dependent initialisation
  torch::Tensor training_labels = {};  ///< [N] i64 on the CPU: for the classes' shares
  /// Values that each column of Batch::factors takes; empty where the data set knows none
  std::vector<std::int64_t> factor_sizes = {};
};

}  // namespace assay
