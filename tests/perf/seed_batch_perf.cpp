// SPDX-License-Identifier: Apache-2.0
// Times the training steps of eight seeds: perf_seed_batch WORK together|forced|alone FOLDER
// [cuda], as train.seed_batch = 8 does them (harness/seed_batch.h), as one model even where that
// would do them one after another, or one after another. One thread. Writes
// FOLDER/WORK.safetensors, the weights that the peer, peers_seed_batch.py, starts from; batches and
// noise come from generators of the same seeds. See ci/perf.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/utils.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "families/registry.h"
#include "harness/environment.h"
#include "harness/seed_batch.h"
#include "harness/state.h"
#include "kernels/runtime/caching_allocator.h"
#include "nn/files/safetensors.h"
#include "repeat.h"
#include "source.h"

namespace assay::perf {
namespace {

constexpr std::size_t kSeeds = 8;
constexpr std::int64_t kTotalSteps = 10'000;  // of the learning-rate schedule

struct Work {
  std::string definition;
  std::vector<std::int64_t> example_shape;
  std::int64_t batch_size;
  int steps_per_repeat;
};

// experiments/toy2d/ring_gan.toml, in its width or another.
Work ring_gan(int width) {
  const std::string hidden = std::to_string(width) + ", " + std::to_string(width);
  return {R"(family = "gan"
optimizer.learning_rate = 1e-3
optimizer.beta1 = 0.5
optimizer.schedule = "linear"
optimizer.decay_from = 0.5
ema.decay = 0.999
model.network = "mlp"
model.latent_dim = 2
model.initial_sd = 0.08
model.discriminator_widths = [)" +
              hidden + "]\nmodel.generator_widths = [" + hidden + ", " + std::to_string(width) +
              "]\n",
          {2},
          100,
          100};
}

// experiments/toy2d/ring_ddpm.toml before its rate falls.
Work ring_ddpm() {
  return {R"(family = "diffusion"
optimizer.learning_rate = 1e-3
ema.decay = 0.999
model.network = "mlp"
model.hidden_widths = [128, 128, 128]
model.activation = "silu"
model.time_frequencies = 16
objective.schedule = "cosine"
objective.timesteps = 100
sampler.name = "ancestral"
sampler.steps = 100
)",
          {2},
          250,
          50};
}

// The network of mlp_vae_train, in its width or another.
Work mlp_vae(int width) {
  return {R"(family = "vae"
optimizer.learning_rate = 1e-3
model.network = "mlp"
model.latent_dim = 20
model.activation = "relu"
objective.likelihood = "bernoulli"
model.hidden_widths = [)" +
              std::to_string(width) + "]\n",
          {1, 28, 28},
          128,
          10};
}

Work work_named(const std::string& name) {
  if (name == "toy2d_gan_8_seeds") return ring_gan(128);
  if (name == "toy2d_narrow_gan_8_seeds") return ring_gan(32);
  if (name == "toy2d_ddpm_8_seeds") return ring_ddpm();
  if (name == "mlp_vae_8_seeds") return mlp_vae(400);
  const auto width = [&] { return std::stoi(name.substr(name.rfind('_') + 1)); };
  if (name.starts_with("toy2d_gan_width_")) return ring_gan(width());
  if (name.starts_with("mlp_vae_width_")) return mlp_vae(width());
  throw std::invalid_argument("no work named " + name);
}

class Eight {
 public:
  Eight(const Work& work, const std::string& mode, torch::Device device, TensorMap& weights)
      : work_(work), device_(device) {
    for (std::size_t seed = 0; seed < kSeeds; ++seed) {
      models_.push_back(build(seed));
      for (const auto& [name, value] : state_tensors(*models_.back())) {
        if (value.dtype() == at::kFloat) {
          weights[std::to_string(seed) + "." + name] = value.detach().clone();
        }
      }
      inputs_.push_back(input(seed));
    }
    if (mode == "alone") return;
    if (mode != "together" && mode != "forced") throw std::invalid_argument("no mode " + mode);
    const bool pays = device.is_cuda() || faster_together(*models_.front(), kSeeds);
    if (mode == "together" && !pays) return;
    std::vector<Trainable*> models;
    for (auto& model : models_) models.push_back(model.get());
    batch_.emplace(build(0), models);
  }

  /// Steps of all seeds. Returns the first term's mean over the seeds at the last step.
  double steps(int count) {
    const std::int64_t end = done_ + count;
    double sum = 0.0;
    if (batch_) {
      std::vector<std::vector<LossValue>> values;
      for (; done_ < end; ++done_) values = batch_->training_step(inputs_, context(done_, 0));
      for (const auto& of_seed : values) sum += of_seed.front().value;
      return sum / kSeeds;
    }
    for (std::size_t seed = 0; seed < kSeeds; ++seed) {
      std::vector<LossValue> values;
      for (std::int64_t step = done_; step < end; ++step) {
        values =
            loss_values(models_[seed]->training_step(inputs_[seed].batch, context(step, seed)));
      }
      sum += values.front().value;
    }
    done_ = end;
    return sum / kSeeds;
  }

 private:
  std::unique_ptr<Trainable> build(std::uint64_t seed) const {
    const auto definition = resolve_text(work_.definition, "perf", family_schema, {});
    torch::manual_seed(seed);
    auto model = family(definition.family)
                     .make({.definition = definition,
                            .example_shape = work_.example_shape,
                            .device = device_});
    move_state(*model, device_);
    return model;
  }
  SeedBatch::Input input(std::uint64_t seed) const {
    Source noise(device_, seed + 1);
    auto sizes = work_.example_shape;
    sizes.insert(sizes.begin(), work_.batch_size);
    return {{noise.uniform(sizes) * 2 - 1, {}}, noise.generator()};
  }
  StepContext context(std::int64_t step, std::size_t seed) const {
    return {step, kTotalSteps, step * work_.batch_size, 0.0, inputs_[seed].noise};
  }

  Work work_;
  torch::Device device_;
  std::vector<std::unique_ptr<Trainable>> models_;
  std::vector<SeedBatch::Input> inputs_;
  std::optional<SeedBatch> batch_;
  std::int64_t done_ = 0;
};

}  // namespace
}  // namespace assay::perf

int main(int argc, char** argv) {
  using namespace assay;
  const std::string name = argc > 1 ? argv[1] : "", mode = argc > 2 ? argv[2] : "";
  const std::filesystem::path folder = argc > 3 ? argv[3] : ".";
  at::set_num_threads(1);
  install_caching_allocator();
  const auto work = perf::work_named(name);
  TensorMap weights;
  const auto device = pick_device(argc > 4 ? argv[4] : "cpu");
  perf::Eight eight(work, mode, device, weights);
  save_safetensors(folder / (name + ".safetensors"), weights);
  const auto start = std::chrono::steady_clock::now();
  eight.steps(1);  // warm-up
  const std::chrono::duration<double> first = std::chrono::steady_clock::now() - start;
  perf::repeat_on_demand([&] { return std::vector{eight.steps(work.steps_per_repeat)}; },
                         first.count());
}
