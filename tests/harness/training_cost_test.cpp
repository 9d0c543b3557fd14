// SPDX-License-Identifier: Apache-2.0
#include "harness/training_cost.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data/batch_stream.h"
#include "data/dataset.h"
#include "families/stretches.h"
#include "harness/environment.h"
#include "harness/evaluator.h"
#include "harness/runner.h"
#include "harness/state.h"
#include "kernels/runtime/multiply_adds.h"
#include "tests/harness/recording.h"
#include "tests/harness/small_definition.h"
#include "tests/small_families.h"

namespace assay {
namespace {

using std::int64_t;

Definition resolved(const std::string& text) {
  return resolve_text(text, "cost.toml", family_schema, {});
}

Dataset random_examples(const std::vector<int64_t>& shape, int64_t classes) {
  constexpr int64_t kExamples = 256;
  Dataset dataset;
  dataset.name = "random";
  std::vector<int64_t> sizes = {kExamples};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  const auto generator = make_generator(torch::kCPU, 3, "examples");
  dataset.train.images = shape.size() == 3 ? at::randint(256, sizes, generator, at::kByte)
                                           : at::randn(sizes, generator);
  dataset.classes = classes;
  if (classes > 0) dataset.train.labels = at::arange(kExamples) % classes;
  const auto k = at::arange(kExamples);
  dataset.factors = {{"first", 2}, {"second", 3}};
  dataset.train.factors = at::stack({k % 2, k % 3}, 1);
  dataset.test = dataset.train;
  return dataset;
}

double cost_of(const Definition& definition, const Dataset& dataset) {
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  return training_multiply_adds(*model, definition, 1, dataset);
}

// The perceptron's products by hand, layers of 256 pixels, 32 units and 4 latents: the encoder
// 256·32 + 32·(4 + 4), the decoder 4·32 + 32·256. Backward each twice, but no gradient by the image
// is asked for.
TEST(TrainingCost, OfAVaeIsTheSumOfItsLayers) {
  const auto definition = small_definition();
  const double forward = 256 * 32 + 32 * 8 + 4 * 32 + 32 * 256;
  const double cost = cost_of(definition, load_dataset_for(definition));
  EXPECT_EQ(cost, 3.0 * forward - 256 * 32);
}

// First the VAE, for three quarters of the steps; then the second stage alone, which takes codes.
TEST(TrainingCost, OfTwoStagesIsTheirMeanOverTheSteps) {
  const std::string second = R"(
[train]
batch_size = 8
images = 320
[model]
network = "mlp"
hidden_widths = [32]
latent_dim = 4
)";
  const auto base = "family = \"vae\"\n" + second;
  const auto dataset = random_examples({1, 8, 8}, 0);
  const double first = cost_of(resolved(base), dataset);
  // The whole training in two stages, of which one is as long as the share says.
  const auto staged = resolved(base +
                               "second_stage_widths = [16]\n[objective]\n"
                               "second_stage_share = 0.25\n");
  const auto longer = resolved(base +
                               "second_stage_widths = [16]\n[objective]\n"
                               "second_stage_share = 0.5\n");
  const double quarter = cost_of(staged, dataset), half = cost_of(longer, dataset);
  // cost = (1 − s)·first + s·second, of which both say the same second.
  EXPECT_NEAR((quarter - 0.75 * first) / 0.25, (half - 0.5 * first) / 0.5, 1e-6 * first);
  EXPECT_LT(half, quarter);
}

struct Steps : Trainable, UnevenTraining {
  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override {
    seen.push_back(context.step);
    const int64_t rows = batch.images.size(0);
    at::mm(at::ones({rows, 3}), weight);
    if (context.step % 4 == 0) at::mm(at::ones({rows, 3}), weight);
    return {};
  }
  void visit_state(StateVisitor& visitor) override {
    visitor.tensor("weight", weight, StateKind::kParameter);
  }
  std::vector<Stretch> stretches(int64_t total_steps) const override {
    return {{30, 4}, {total_steps - 30, 1}};
  }
  at::Tensor weight = at::ones({3, 5});
  std::vector<int64_t> seen;
};

// 15 products an example; a quarter of the first 30 steps does twice as much, and of the last 10
// the first is as all of them: (30 · 5/4 + 10) · 15 / 40.
TEST(TrainingCost, CountsACycleOfEachStretchAsOftenAsItOccurs) {
  Steps model;
  const auto definition = small_definition();
  const auto dataset = load_dataset_for(definition);
  EXPECT_EQ(run_length(definition).steps, 40);
  EXPECT_EQ(training_multiply_adds(model, definition, 1, dataset),
            (30.0 * 1.25 + 10.0) * 15.0 / 40.0);
  EXPECT_EQ(model.seen, (std::vector<int64_t>{0, 1, 2, 3, 30}));
}

// A critic that learns five times for each time of the generator, of one layer each, of 8 hidden
// units and points in 2-D: the generator draws (2·8 + 8·2) at every critic step, and the mean over
// five steps holds a fifth of its own step. By counting the five steps of a run one by one.
TEST(TrainingCost, OfAGanIsTheMeanOverTheStepsUntilTheGeneratorLearns) {
  const auto definition = resolved(R"(
family = "gan"
dataset = {name = "ring", count = 512}
train = {batch_size = 16, images = 1600}
model = {network = "mlp", latent_dim = 2, generator_widths = [8], discriminator_widths = [8]}
objective = {discriminator_steps = 5, r1 = 1, penalty_interval = 2}
)");
  const auto dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  const auto noise = make_generator(torch::kCPU, 1, "noise");
  int64_t products = 0;
  for (int64_t step = 0; step < 10; ++step) {
    const MultiplyAddCounter counter;
    model->training_step({dataset.train.images.slice(0, 0, 16), {}},
                         {step, 100, 16 * step, 0, noise});
    products += counter.count();
  }
  EXPECT_EQ(dynamic_cast<UnevenTraining&>(*model).stretches(100).front().cycle, 10);
  EXPECT_EQ(cost_of(definition, dataset), static_cast<double>(products) / 160.0);
}

// What the run goes on with: its state, LibTorch's own stream, and whatever a model keeps beside.
TEST(TrainingCost, LeavesEveryModelAsItWas) {
  // Networks of this size wait for each other's threads longer than they compute.
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  for (const SmallFamily& small : small_families()) {
    SCOPED_TRACE(small.label);
    auto definition = resolved(small.toml + "\ntrain.images = 3200\n");
    auto& batch_size = definition.values.at("train.batch_size").value;
    batch_size = std::min<int64_t>(definition.integer("train.batch_size"), 24);
    const auto dataset = random_examples(small.example_shape, small.classes);
    const auto trained = [&](bool asked) {
      const auto model = build_model(definition, 1, dataset, torch::kCPU);
      const auto noise = make_generator(torch::kCPU, 1, "noise");
      const auto rows = at::arange(definition.integer("train.batch_size")) % dataset.train.size();
      Batch batch{to_model_range(dataset.train.images.index_select(0, rows)), {}};
      if (small.classes > 0) batch.labels = dataset.train.labels.index_select(0, rows);
      batch.factors = dataset.train.factors.index_select(0, rows);
      for (int64_t step = 0; step < 3; ++step) {
        if (asked && step == 1) {
          EXPECT_GT(training_multiply_adds(*model, definition, 1, dataset), 0.0);
        }
        const int64_t seen = step * batch.images.size(0);
        model->training_step(batch, {step, run_length(definition).steps, seen, 0.0, noise});
      }
      const auto global = at::globalContext().defaultGenerator(at::kCPU).get_state();
      return std::pair{state_hash(*model), global.clone()};
    };
    const auto [state, stream] = trained(true);
    const auto [other_state, other_stream] = trained(false);
    EXPECT_EQ(state, other_state);
    EXPECT_TRUE(at::equal(stream, other_stream));
  }
  at::set_num_threads(threads);
}

// Evaluated in the middle, alone and as one of two seeds that train as one model, whose state is
// views of a stack.
TEST(TrainingCost, LeavesARunAsItWas) {
  const auto ends = [](int64_t places, bool asked) {
    auto definition = small_definition();
    definition.values.at("train.seed_batch").value = places;
    auto& metrics = definition.values.at("eval.metrics").value;
    metrics = asked ? std::vector<std::string>{"training_multiply_adds", "fd"}
                    : std::vector<std::string>{"fd"};
    std::vector<Recording> recordings(2);
    std::vector<SeedRequest> seeds;
    for (std::size_t i = 0; i < 2; ++i) {
      seeds.push_back({{definition, i, torch::kCPU, {}, {}}, &recordings[i]});
    }
    const StopRequest never;
    if (places > 0) {
      run_experiments(seeds, never);
    } else {
      for (const auto& seed : seeds) run_experiments({seed}, never);
    }
    EXPECT_EQ(recordings[1].end.status, "complete");
    return std::pair{recordings[1].end.state_hash, recordings[1].values.at({"fd", 640})};
  };
  EXPECT_EQ(ends(0, true), ends(0, false));
  EXPECT_EQ(ends(2, true), ends(2, false));
}

EvaluationResult evaluated(const Definition& definition) {
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  Evaluator evaluator(definition, 1, dataset, [](auto, auto, auto) {});
  return evaluator.evaluate(*model, 7);
}

// A sample of the VAE is one pass of its decoder: 4·32 + 32·256. What the extractor multiplies is
// none of its cost.
TEST(CostMetrics, StandBesideScoresAndLeaveThemAlone) {
  auto definition = small_definition();
  definition.values.at("dataset.size").value = int64_t{28};
  definition.values.at("eval.extractor").value = std::string("fmnist-cnn");
  definition.values.at("eval.metrics").value = std::vector<std::string>{"fd", "elbo"};
  const auto plain = evaluated(definition).evaluation.metrics;
  definition.values.at("eval.metrics").value =
      std::vector<std::string>{"training_multiply_adds", "fd", "sampling_multiply_adds", "elbo"};
  const auto costed = evaluated(definition).evaluation.metrics;
  EXPECT_EQ(costed[1].value, plain[0].value);
  EXPECT_EQ(costed[3].value, plain[1].value);
  const double decoder = 4 * 32 + 32 * 784, encoder = 784 * 32 + 32 * 8;
  EXPECT_EQ(costed[2].value, decoder);
  EXPECT_EQ(costed[0].value, 3.0 * (decoder + encoder) - 784 * 32);
  EXPECT_TRUE(costed[2].protocol.contains("network_evaluations"));
  EXPECT_FALSE(costed[0].protocol.contains("reference"));
}

// Of a DDIM's steps each asks the U-Net once.
TEST(CostMetrics, OfAnIterativeSamplerGrowWithItsSteps) {
  const auto cost = [](int64_t steps) {
    const auto definition = resolved(fmt::format(R"(
family = "ddpm"
dataset = {{name = "generated_images", size = 8, count = 64}}
model = {{base_channels = 8, multipliers = [1], heads = 1}}
objective = {{timesteps = 30}}
sampler = {{steps = {}}}
eval = {{metrics = ["sampling_multiply_adds"], generated = 8, reference_count = 16}}
)",
                                                 steps));
    return evaluated(definition).evaluation.metrics[0].value;
  };
  EXPECT_GT(cost(1), 0.0);
  EXPECT_EQ(cost(3), 3.0 * cost(1));
}

// Neither the codes of training images that a mixture is fitted to, nor the batches whose
// statistics are gathered afresh, belong to a sample: twice as many cost the same each.
TEST(CostMetrics, OfSamplesLeaveOutWhatIsDoneOnce) {
  for (const auto& label : {"AutoencoderContractiveMixture", "VqVae"}) {
    const auto& small = small_family(label);
    const auto dataset = random_examples(small.example_shape, small.classes);
    const auto definition = resolved(small.toml + "\ntrain.images = 320\n");
    const auto model = build_model(definition, 1, dataset, torch::kCPU);
    const auto of = [&](int64_t count) {
      const MultiplyAddCounter counter;
      dynamic_cast<GenerativeModel&>(*model).sample(
          {.count = count, .generator = make_generator(torch::kCPU, 1, "noise"), .sink = [](auto&) {
           }});
      return counter.count();
    };
    EXPECT_EQ(of(8), 2 * of(4)) << label;
  }
}

}  // namespace
}  // namespace assay
