// SPDX-License-Identifier: Apache-2.0
// What needs a GPU. Without one every test is skipped, aloud.
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/error.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "harness/seed_batch.h"
#include "harness/state.h"
#include "kernels/normalisation/group_norm.h"
#include "kernels/normalisation/rms_norm.h"
#include "kernels/pointwise/logistic_loss.h"
#include "kernels/pointwise/spread.h"
#include "kernels/product/linear.h"
#include "tests/harness/recording.h"
#include "tests/harness/small_definition.h"
#include "tests/small_families.h"

namespace assay {

void PrintTo(const SmallFamily& setting, std::ostream* out) { *out << setting.label; }

namespace {

namespace fs = std::filesystem;

class GpuFixture {
 protected:
  static constexpr const char* kNoGpu = "no GPU, or not built with ASSAY_PRESET=cuda";
  // Sets it up, too.
  static bool is_here() { return pick_device("auto").is_cuda(); }
  const torch::Device gpu_{torch::kCUDA, 0};
};

// Whole runs.
class GpuRun : public testing::Test, protected GpuFixture {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_gpu_test_" + std::to_string(getpid()));

  void SetUp() override {
    if (!is_here()) GTEST_SKIP() << kNoGpu;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Recording run(const RunRequest& request, int stop_after = -1) {
    StopRequest stop;
    Recording recording;
    recording.stop = &stop;
    recording.stop_after = stop_after;
    run_experiment(request, recording, stop);
    return recording;
  }
  static Definition with(const std::string& key, std::int64_t value) {
    Definition definition = small_definition();
    definition.values.at(key).value = value;
    return definition;
  }
};

// Same initial weights, same latents: the untrained scores agree up to the rounding of the device.
TEST_F(GpuRun, StartsWhereTheCpuRunStarts) {
  const auto cpu = run({small_definition(), 5, torch::kCPU, {}, {}});
  const auto gpu = run({small_definition(), 5, gpu_, {}, {}});
  EXPECT_EQ(gpu.end.status, "complete");
  for (const char* metric : {"fd", "precision", "recall"}) {
    const double expected = cpu.values.at({metric, 0});
    EXPECT_NEAR(gpu.values.at({metric, 0}), expected, 1e-4 * std::abs(expected)) << metric;
  }
}

// An autoencoder draws nothing, so the whole training is the same one.
TEST_F(GpuRun, WithoutNoiseTrainsAsTheCpuDoes) {
  const auto definition = resolve_text(R"(
family = "autoencoder"
[dataset]
name = "generated_images"
size = 16
count = 256
[train]
batch_size = 16
images = 640
log_every_images = 64
[model]
network = "mlp"
hidden_widths = [32]
latent_dim = 4
[eval]
metrics = ["reconstruction_mse"]
extractor = "pixels"
generated = 64
reference_count = 64
every_images = 320
)",
                                       "plain.toml", family_schema, {});
  const auto cpu = run({definition, 5, torch::kCPU, {}, {}});
  const auto gpu = run({definition, 5, gpu_, {}, {}});
  ASSERT_EQ(gpu.values.size(), cpu.values.size());
  for (const auto& [at, value] : cpu.values) {
    EXPECT_NEAR(gpu.values.at(at), value, 1e-3 * std::abs(value)) << at.first << at.second;
  }
}

TEST_F(GpuRun, InterruptedAndResumedIsTheUninterruptedOneBitForBit) {
  const auto calm = run({small_definition(), 5, gpu_, folder_ / "calm", {}});
  const auto stopped = run({small_definition(), 5, gpu_, folder_ / "stopped", {}}, 4);
  ASSERT_EQ(stopped.end.status, "interrupted");
  const auto resumed =
      run({small_definition(), 5, gpu_, folder_ / "stopped", stopped.checkpoints.back().file});
  EXPECT_EQ(resumed.end.state_hash, calm.end.state_hash);
  for (const auto& [at, value] : resumed.values) {
    EXPECT_EQ(value, calm.values.at(at)) << at.first << at.second;
  }
}

// The generators of the two devices have other states.
TEST_F(GpuRun, RefusesACheckpointOfTheCpu) {
  const auto stopped = run({small_definition(), 5, torch::kCPU, folder_, {}}, 4);
  EXPECT_THAT(
      [&] {
        run({small_definition(), 5, gpu_, folder_, stopped.checkpoints.back().file});
      },
      testing::ThrowsMessage<Error>(testing::HasSubstr("resume the run where it was begun")));
}

TEST_F(GpuRun, SeedsTrainAsOneModel) {
  const auto definition = with("train.seed_batch", 2);
  Recording together[2];
  const StopRequest never;
  run_experiments({{{definition, 4, gpu_, {}, {}}, &together[0]},
                   {{definition, 5, gpu_, {}, {}}, &together[1]}},
                  never);
  // A seed in a batch is itself up to rounding, of which its distance to the other seed is the
  // scale: a GAN amplifies it, and by how much differs from score to score.
  const auto alone = run({small_definition(), 5, gpu_, {}, {}});
  std::map<std::string, double> off, apart;
  for (const auto& [at, value] : alone.values) {
    off[at.first] += std::abs(together[1].values.at(at) - value);
    apart[at.first] += std::abs(together[0].values.at(at) - value);
  }
  for (const auto& [name, distance] : apart) EXPECT_LE(off.at(name), 1e-2 * distance) << name;
}

// Every family's training step.
class GpuFamily : public testing::TestWithParam<SmallFamily>, protected GpuFixture {
 protected:
  void SetUp() override {
    if (!is_here()) GTEST_SKIP() << kNoGpu;
  }

  std::unique_ptr<Trainable> build(std::uint64_t seed) const {
    const auto definition = resolve_text(GetParam().toml, GetParam().label, family_schema, {});
    torch::manual_seed(seed);
    auto sizes = GetParam().example_shape;
    sizes.insert(sizes.begin(), 256);
    auto model = family(definition.family)
                     .make({.definition = definition,
                            .example_shape = GetParam().example_shape,
                            .classes = GetParam().classes,
                            .device = gpu_,
                            .training_images = torch::randint(0, 256, sizes).to(torch::kByte)});
    move_state(*model, gpu_);
    return model;
  }
  Batch batch(const torch::Generator& order) const {
    auto sizes = GetParam().example_shape;
    sizes.insert(sizes.begin(), kBatch);
    const std::int64_t classes = std::max<std::int64_t>(1, GetParam().classes);
    return {(at::rand(sizes, order) * 2 - 1).to(gpu_),
            at::randint(0, classes, {kBatch}, order, at::kLong).to(gpu_)};
  }
  static StepContext context_of(std::int64_t step, const torch::Generator& noise) {
    return {step, kSteps, step * kBatch, 0.1 * static_cast<double>(step), noise};
  }
  std::unique_ptr<Trainable> trained(std::uint64_t seed) const {
    auto model = build(seed);
    const auto noise = make_generator(gpu_, seed, "train_noise");
    const auto order = at::detail::createCPUGenerator(seed);
    for (std::int64_t step = 0; step < kSteps; ++step) {
      for (const auto& term : model->training_step(batch(order), context_of(step, noise))) {
        EXPECT_TRUE(std::isfinite(term.value.item<double>())) << term.name;
      }
    }
    return model;
  }

  static constexpr std::int64_t kSteps = 6, kBatch = 24;
};

TEST_P(GpuFamily, TrainsThereAndRepeatsItselfBitForBit) {
  const auto once = trained(1), again = trained(1);
  EXPECT_FALSE(first_non_finite(*once));
  for (const auto& [name, value] : state_tensors(*once)) {
    EXPECT_TRUE(value.is_cuda()) << name;
    EXPECT_TRUE(torch::equal(value, state_tensors(*again).at(name))) << name;
  }
  EXPECT_NE(state_hash(*once), state_hash(*build(1)));
}

INSTANTIATE_TEST_SUITE_P(Registry, GpuFamily, testing::ValuesIn(small_families()),
                         [](const auto& test) { return test.param.label; });

// Operators with kernels of their own on the CPU, beside LibTorch's on the GPU.
class GpuKernel : public testing::Test, protected GpuFixture {
 protected:
  void SetUp() override {
    if (!is_here()) GTEST_SKIP() << kNoGpu;
    torch::manual_seed(3);
  }

  using Operator = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;
  void expect_as_on_the_cpu(const std::vector<torch::Tensor>& inputs, const Operator& of) const {
    std::vector<torch::Tensor> here, there;
    for (const auto& input : inputs) {
      here.push_back(input.clone().requires_grad_());
      there.push_back(input.to(gpu_).requires_grad_());
    }
    const auto expected = of(here), found = of(there);
    EXPECT_TRUE(found.is_cuda());
    EXPECT_TRUE(torch::allclose(found.cpu(), expected, 1e-5, 1e-5));
    if (!expected.requires_grad()) return;
    expected.square().sum().backward();
    found.square().sum().backward();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_TRUE(torch::allclose(there[i].grad().cpu(), here[i].grad(), 1e-4, 1e-4)) << i;
    }
  }
};

TEST_F(GpuKernel, LinearLayersAndLossesAreThoseOfTheCpu) {
  expect_as_on_the_cpu({torch::randn({9, 32}), torch::randn({16, 32}), torch::randn({16})},
                       [](const auto& t) { return linear(t[0], t[1], t[2]); });
  for (const bool truth : {false, true}) {
    expect_as_on_the_cpu({torch::randn({50, 1})},
                         [&](const auto& t) { return logistic_loss(t[0], truth); });
    expect_as_on_the_cpu({torch::randn({50, 1})},
                         [&](const auto& t) { return logistic_accuracy(t[0], truth); });
  }
  expect_as_on_the_cpu({torch::randn({50, 3})}, [](const auto& t) { return spread(t[0]); });
}

TEST_F(GpuKernel, NormalisationsAreThoseOfTheCpu) {
  const auto x = torch::randn({4, 8, 5, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
  expect_as_on_the_cpu({x, torch::rand({8}), torch::randn({8})}, [](const auto& t) {
    return group_norm_silu(t[0], {.shift = {}, .scale = t[1], .bias = t[2]}, 4, 1e-5);
  });
  expect_as_on_the_cpu({x, torch::rand({8}), torch::randn({8})}, [](const auto& t) {
    return rms_norm(t[0], {.scale = t[1], .bias = t[2]}, Activation::kSilu);
  });
}

}  // namespace
}  // namespace assay
