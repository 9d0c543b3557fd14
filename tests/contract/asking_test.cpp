// SPDX-License-Identifier: Apache-2.0
// Whatever a model is asked between two training steps leaves its training alone.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>

#include "core/error.h"
#include "families/judge.h"
#include "families/latent_maps.h"
#include "families/noising.h"
#include "families/styled.h"
#include "families/told_samples.h"
#include "tests/contract/every_choice.h"

namespace assay {

namespace {

void train(Trainable& model, const SmallFamily& setting, std::int64_t from, std::int64_t to) {
  const auto batch = eight_examples(setting);
  for (std::int64_t step = from; step < to; ++step) {
    model.training_step(batch, {.step = step,
                                .total_steps = 4,
                                .images_seen = kImages * step,
                                .epoch = static_cast<double>(step),
                                .noise = seeded(static_cast<std::uint64_t>(step))});
  }
}

// All that training goes on with.
struct Everything : StateVisitor {
  explicit Everything(Trainable& model) { model.visit_state(*this); }
  void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
    tensors.emplace(name, value.detach().clone());
    flags[name] = value.requires_grad();
  }
  void module(const std::string& prefix, torch::nn::Module& module) override {
    for (const auto& item : module.named_modules(prefix)) {
      flags[item.key() + " training"] = item.value()->is_training();
    }
  }
  std::string difference(const Everything& other) const {
    for (const auto& [name, value] : tensors) {
      if (!value.equal(other.tensors.at(name))) return name;
    }
    for (const auto& [name, flag] : flags) {
      if (flag != other.flags.at(name)) return name;
    }
    return global.equal(other.global) ? "" : "the global generator";
  }
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, bool> flags;
  torch::Tensor global = at::detail::getDefaultCPUGenerator().get_state().clone();
};

struct Question {
  const char* method;
  void (*ask)(GenerativeModel& model, const Batch& batch);
};

const std::vector<Question>& questions() {
  static const std::vector<Question> all = {
      {"classify",
       [](GenerativeModel& model, const Batch& batch) { model.classify(batch.images); }},
      {"sample",
       [](GenerativeModel& model, const Batch&) {
         SampleRequest request;
         request.count = 3;
         request.generator = seeded(1);
         request.sink = [](const torch::Tensor&) {};
         model.sample(request);
       }},
      {"sample_labels", [](GenerativeModel& model, const Batch&) { model.sample_labels(3); }},
      {"draw_latents",
       [](GenerativeModel& model, const Batch&) {
         model.draw_latents(3, model.sample_labels(3).value_or(torch::Tensor()), seeded(1));
       }},
      {"encode", [](GenerativeModel& model, const Batch& batch) { model.encode(batch); }},
      {"decode",
       [](GenerativeModel& model, const Batch&) {
         const auto labels = model.sample_labels(3).value_or(torch::Tensor());
         const auto z = model.draw_latents(3, labels, seeded(1));
         if (z) model.decode(*z, labels);
       }},
      {"reconstruct", [](GenerativeModel& model, const Batch& batch) { model.reconstruct(batch); }},
      {"jacobian_norms",
       [](GenerativeModel& model, const Batch& batch) { model.jacobian_norms(batch); }},
      {"elbo", [](GenerativeModel& model, const Batch& batch) { model.elbo(batch, seeded(1)); }},
      {"log_weights",
       [](GenerativeModel& model, const Batch& batch) { model.log_weights(batch, 2, seeded(1)); }},
      {"denoising_losses", [](GenerativeModel& model,
                              const Batch& batch) { model.denoising_losses(batch, seeded(1)); }},
      {"log_density", [](GenerativeModel& model,
                         const Batch& batch) { model.log_density(batch, 0.1, seeded(1)); }},
      {"path_energies",
       [](GenerativeModel& model, const Batch&) { model.path_energies(3, seeded(1)); }},
      {"styles_of, images_of_styles",
       [](GenerativeModel& model, const Batch&) {
         auto* styled = dynamic_cast<StyledModel*>(&model);
         if (styled == nullptr) return;
         const auto labels = model.sample_labels(3).value_or(torch::Tensor());
         const auto w = styled->styles_of(*model.draw_latents(3, labels, seeded(1)), labels);
         if (w) styled->images_of_styles(*w);
       }},
      {"failure_signs", [](GenerativeModel& model, const Batch&) { model.failure_signs(); }},
      {"logits_of",
       [](GenerativeModel& model, const Batch& batch) {
         if (auto* judge = dynamic_cast<Judge*>(&model)) judge->logits_of(batch.images);
       }},
      {"snr_curve, noised_strips, denoised_strips, bound_terms",
       [](GenerativeModel& model, const Batch& batch) {
         auto* noising = dynamic_cast<NoisingModel*>(&model);
         if (noising == nullptr) return;
         noising->snr_curve(5);
         noising->noised_strips(batch.images, 3, seeded(1));
         noising->denoised_strips(2, 3, seeded(1));
         noising->bound_terms(batch, 2, seeded(1));
       }},
      {"sample_tokens, sample_of_tokens",
       [](GenerativeModel& model, const Batch&) {
         auto* told = dynamic_cast<TokenModel*>(&model);
         if (told == nullptr || told->token_sizes().empty()) return;
         told->sample_of_tokens(told->sample_tokens(3), seeded(1));
       }},
      {"to_latents, from_latents",
       [](GenerativeModel& model, const Batch& batch) {
         if (auto* maps = dynamic_cast<LatentMaps*>(&model))
           maps->from_latents(maps->to_latents(batch.images));
       }},
  };
  return all;
}

class Asking : public ::testing::TestWithParam<SmallFamily> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(Asking, LeavesStateModesGeneratorsAndLaterStepsAlone) {
  const SmallFamily& setting = GetParam();
  std::unique_ptr<Trainable> unasked, model;
  try {
    unasked = build(setting);
    model = build(setting);
  } catch (const Error& refused) {
    GTEST_SKIP() << "needs more than this key: " << refused.what();
  }
  const auto batch = eight_examples(setting);
  auto* generative = dynamic_cast<GenerativeModel*>(model.get());
  // The last of four steps is one of a second stage, where there is one.
  for (const std::int64_t step : {0, 3}) {
    train(*unasked, setting, step, step + 1);
    train(*model, setting, step, step + 1);
    const Everything before(*model);
    EXPECT_EQ(Everything(*unasked).difference(before), "") << "in step " << step;
    if (generative == nullptr) {
      model->classify(batch.images);
      EXPECT_EQ(before.difference(Everything(*model)), "") << "classify after step " << step;
      continue;
    }
    for (const Question& question : questions()) {
      question.ask(*generative, batch);
      EXPECT_EQ(before.difference(Everything(*model)), "")
          << question.method << " after step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Everyone, Asking, ::testing::ValuesIn(every_choice()),
                         [](const auto& test) { return test.param.label; });

TEST(AskingRegistry, EveryNetworkOfEveryFamilyIsAsked) {
  const auto all = every_choice();
  for (const Family& one : families()) {
    for (const Key& key : one.schema()) {
      if (key.path != "model.network") continue;
      for (const std::string& choice : key.choices) {
        std::int64_t built = 0;
        for (const SmallFamily& setting : all) {
          const auto line = fmt::format("model.network = \"{}\"", choice);
          if (!setting.toml.starts_with(fmt::format("family = \"{}\"", one.name)) ||
              setting.toml.find(line) == std::string::npos) {
            continue;
          }
          try {
            built += build(setting) != nullptr;
          } catch (const Error&) {
          }
        }
        EXPECT_GE(built, 2) << one.name << " " << choice;
      }
    }
  }
}

}  // namespace
}  // namespace assay
