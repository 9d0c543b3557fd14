// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "config/definition.h"
#include "core/events.h"
#include "families/latent_maps.h"
#include "families/noising.h"
#include "families/registry.h"
#include "families/sampling.h"
#include "families/told_samples.h"
#include "tests/small_families.h"

namespace assay {
namespace {

/// How far 8 examples must be overfitted.
struct Case : SmallFamily {
  double largest_loss_ratio;  ///< last losses / first losses after overfitting
};

// Without it CTest would name the tests after the bytes of a Case.
void PrintTo(const Case& setting, std::ostream* out) { *out << setting.label; }

Case trained(std::string_view label, std::string_view learning_rate, double largest_loss_ratio) {
  Case setting{small_family(label), largest_loss_ratio};
  setting.toml.append("optimizer.learning_rate = ").append(learning_rate).append("\n");
  return setting;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      trained("VaeConv", "5e-3", 0.7),
      trained("VaeMlpGaussian", "5e-3", 0.5),
      trained("VaeResnetLogisticVamp", "5e-3", 0.7),
      trained("VaeBurgessFactorDip", "3e-3", 0.7),
      trained("VaeConditionalTwoStage", "5e-3", 0.5),
      trained("WaeMmdInfogan", "1e-3", 0.6),
      trained("AutoencoderContractiveMixture", "5e-3", 0.5),
      trained("AutoencoderSparseConv", "5e-3", 0.5),
      // Batch normalisation without an average: what evaluation must not move.
      {{"AutoencoderInfogan",
        "family = \"autoencoder\"\nmodel.network = \"infogan\"\nmodel.latent_dim = 4\n"
        "optimizer.learning_rate = 1e-3\n",
        {1, 8, 8}},
       0.5},
      trained("VaeMapsPatchGan", "3e-3", 0.5),
      trained("VqVae", "3e-3", 0.5),
      trained("VqVaePatchGan", "3e-3", 0.5),
      trained("Dcgan", "1e-3", 0.5),
      trained("DcganAda", "1e-3", 0.5),
      trained("GanMaxoutMinimax", "1e-3", 0.5),
      trained("StyleGan2", "2e-3", 0.5),
      trained("StyleGan", "2e-3", 0.5),
      trained("DdpmDdim", "3e-3", 0.5),
      trained("DdpmAncestral", "3e-3", 0.5),
      trained("DdpmHeunWeighted", "3e-3", 0.5),
      trained("DdpmLossSecondMoment", "3e-3", 0.6),
      trained("DiffusionEdm", "3e-3", 0.6),
      trained("LatentDiffusion", "3e-3", 0.7),
      trained("DiffusionSubVpCorrected", "3e-3", 0.7),
      trained("DiffusionNcsnpp", "3e-3", 0.7),
      trained("DiffusionFlowPoints", "5e-3", 0.4),
      trained("DiffusionFlowGuided", "5e-3", 0.6),
      trained("DiffusionClassifierGuided", "3e-3", 0.7),
      trained("DiffusionLearnedVariance", "3e-3", 0.7),
      trained("DiffusionGridUniPc", "3e-3", 0.8),
      trained("DiffusionCrossAttention", "3e-3", 0.7),
      trained("DiffusionAttributes", "3e-3", 0.7),
      trained("DiffusionDit", "3e-3", 0.7),
      trained("Classifier", "2e-3", 0.1),
  };
  return all;
}

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

/// Eight different examples: blobs at eight places of the image, or eight points of a circle.
Batch eight_examples(const Case& setting) {
  const auto k = torch::arange(8, torch::kFloat);
  const auto angle = k * (3.14159265 / 4.0);
  Batch batch;
  batch.labels = torch::arange(8, torch::kLong);
  batch.factors = torch::stack({batch.labels.remainder(2), batch.labels.remainder(3)}, 1);
  if (setting.example_shape.size() == 1) {
    batch.images = torch::stack({angle.cos(), angle.sin()}, 1);
    return batch;
  }
  const auto side = setting.example_shape[1];
  const auto axis = torch::linspace(-1.0, 1.0, side);
  const auto dx = (axis.view({1, 1, -1}) - 0.6 * angle.cos().view({-1, 1, 1})).square();
  const auto dy = (axis.view({1, -1, 1}) - 0.6 * angle.sin().view({-1, 1, 1})).square();
  batch.images = (2.0 * torch::exp(-(dx + dy) / 0.18) - 1.0).unsqueeze(1).contiguous();
  return batch;
}

std::unique_ptr<Trainable> build(const Case& setting, std::uint64_t seed,
                                 const std::string& more = "") {
  const auto definition = resolve_text(setting.toml + more, setting.label, family_schema, {});
  torch::manual_seed(seed);
  const auto images = eight_examples(setting).images;
  return family(definition.family)
      .make({.definition = definition,
             .example_shape = setting.example_shape,
             .classes = setting.classes,
             .training_images = images.dim() == 4 ? to_pixels(images) : images,
             .factor_sizes = {2, 3}});
}

using Log = std::vector<std::vector<LossTerm>>;

Log train(Trainable& model, const Case& setting, std::int64_t from, std::int64_t to,
          std::int64_t total, torch::Generator noise) {
  const auto batch = eight_examples(setting);
  Log log;
  for (std::int64_t step = from; step < to; ++step) {
    log.push_back(model.training_step(batch, {.step = step,
                                              .total_steps = total,
                                              .images_seen = 8 * step,
                                              .epoch = static_cast<double>(step),
                                              .noise = noise}));
  }
  return log;
}

struct Recorder : StateVisitor {
  void tensor(const std::string& name, torch::Tensor& value, StateKind kind) override {
    EXPECT_TRUE(tensors.emplace(name, value).second) << "visited twice: " << name;
    kinds.insert(kind);
  }
  std::map<std::string, torch::Tensor> tensors;
  std::set<StateKind> kinds;
};

std::map<std::string, torch::Tensor> copy_of_state(Trainable& model) {
  Recorder recorder;
  model.visit_state(recorder);
  for (auto& [name, value] : recorder.tensors) value = value.detach().clone();
  return recorder.tensors;
}

bool same_bits(const std::map<std::string, torch::Tensor>& a,
               const std::map<std::string, torch::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && torch::equal(x.second, y.second);
  });
}

double mean_loss(const Log& log, std::size_t from, std::size_t to) {
  double sum = 0.0;
  for (std::size_t i = from; i < to; ++i) sum += log[i].front().value.item<double>();
  return sum / static_cast<double>(to - from);
}

void put(std::vector<torch::Tensor>& all, const std::optional<torch::Tensor>& answer) {
  if (answer && answer->defined()) all.push_back(answer->detach().clone());
}

/// All that can be asked of a model between two steps.
std::vector<torch::Tensor> answers(Trainable& model, const Case& setting) {
  const auto batch = eight_examples(setting);
  std::vector<torch::Tensor> all;
  put(all, model.classify(batch.images));
  auto* generative = dynamic_cast<GenerativeModel*>(&model);
  if (generative == nullptr) return all;
  put(all, samples_as_one(*generative, {.count = 3, .generator = seeded(1)}));
  const auto labels = generative->sample_labels(3);
  if (const auto z = generative->draw_latents(3, labels.value_or(torch::Tensor()), seeded(1))) {
    put(all, z);
    put(all, generative->decode(*z, labels.value_or(torch::Tensor())));
  }
  if (const auto codes = generative->encode(batch)) {
    put(all, codes->mu);
    put(all, codes->logvar);
  }
  put(all, generative->reconstruct(batch));
  put(all, generative->jacobian_norms(batch));
  put(all, generative->elbo(batch, seeded(1)));
  put(all, generative->log_weights(batch, 2, seeded(1)));
  put(all, generative->denoising_losses(batch, seeded(1)));
  put(all, generative->log_density(batch, 0.1, seeded(1)));
  if (const auto paths = generative->path_energies(3, seeded(1))) put(all, paths->energy);
  if (auto* maps = dynamic_cast<LatentMaps*>(&model)) {
    put(all, maps->to_latents(batch.images));
    put(all, maps->from_latents(maps->to_latents(batch.images)));
  }
  if (auto* noising = dynamic_cast<NoisingModel*>(&model)) {
    put(all, noising->denoised_strips(3, 4, seeded(1)));
    put(all, noising->bound_terms(batch, 3, seeded(1)));
  }
  if (auto* told = dynamic_cast<TokenModel*>(&model); told && !told->token_sizes().empty()) {
    put(all, told->sample_of_tokens(told->sample_tokens(3).flip(0), seeded(1)));
  }
  return all;
}

bool same_bits(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), torch::equal);
}

/// The averaged weights over the live ones, or the other way round.
void overwrite(Trainable& model, bool live_over_average) {
  const torch::NoGradGuard no_grad;
  Recorder recorder;
  model.visit_state(recorder);
  const auto live_prefix = [&](const std::string& average) -> std::string {
    if (average == "second_stage_ema") return "second_stage";
    return recorder.tensors.lower_bound("generator.")->first.starts_with("generator.") ? "generator"
                                                                                       : "network";
  };
  for (auto& [name, average] : recorder.tensors) {
    const auto prefix = name.substr(0, name.find('.'));
    if (prefix != "ema" && prefix != "second_stage_ema") continue;
    auto& live = recorder.tensors.at(live_prefix(prefix) + name.substr(prefix.size()));
    (live_over_average ? average : live).copy_(live_over_average ? live : average);
  }
}

class FamilyContract : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(FamilyContract, LossesAreFiniteNamedAndDetached) {
  const auto model = build(GetParam(), 1);
  for (const auto& terms : train(*model, GetParam(), 0, 4, 4, seeded(2))) {
    ASSERT_FALSE(terms.empty());
    std::set<std::string> names;
    for (const auto& term : terms) {
      EXPECT_TRUE(names.insert(term.name).second) << term.name;
      EXPECT_EQ(term.value.dim(), 0) << term.name;
      EXPECT_FALSE(term.value.requires_grad()) << term.name;
      EXPECT_TRUE(torch::isfinite(term.value).item<bool>()) << term.name;
    }
  }
}

TEST_P(FamilyContract, StateHasUniqueNamesParametersAndOptimizers) {
  const auto model = build(GetParam(), 1);
  Recorder recorder;
  model->visit_state(recorder);
  EXPECT_TRUE(recorder.kinds.contains(StateKind::kParameter));
  EXPECT_TRUE(recorder.kinds.contains(StateKind::kOptimizer));
  const bool averaged = GetParam().toml.find("ema.") != std::string::npos;
  EXPECT_EQ(recorder.kinds.contains(StateKind::kEma), averaged);
}

TEST_P(FamilyContract, SameSeedGivesTheSameBitsAndAnotherSeedDoesNot) {
  std::vector<std::map<std::string, torch::Tensor>> states;
  for (const std::uint64_t seed : {1, 1, 2}) {
    const auto model = build(GetParam(), seed);
    train(*model, GetParam(), 0, 3, 3, seeded(seed + 10));
    states.push_back(copy_of_state(*model));
  }
  EXPECT_TRUE(same_bits(states[0], states[1]));
  EXPECT_FALSE(same_bits(states[0], states[2]));
}

TEST_P(FamilyContract, ContinuesFromACopyOfItsStateAsIfNeverInterrupted) {
  const auto original = build(GetParam(), 1), restored = build(GetParam(), 99);
  const auto cold = build(GetParam(), 1);
  auto noise = seeded(5);
  train(*original, GetParam(), 0, 4, 8, noise);
  {
    const torch::NoGradGuard no_grad;
    const auto saved = copy_of_state(*original);
    Recorder recorder;
    restored->visit_state(recorder);
    for (auto& [name, value] : recorder.tensors) value.copy_(saved.at(name));
  }
  auto noise_copy = noise.clone(), cold_noise = noise.clone();
  train(*original, GetParam(), 4, 8, 8, noise);
  train(*restored, GetParam(), 4, 8, 8, noise_copy);
  train(*cold, GetParam(), 4, 8, 8, cold_noise);
  EXPECT_TRUE(same_bits(copy_of_state(*original), copy_of_state(*restored)));
  EXPECT_FALSE(same_bits(copy_of_state(*original), copy_of_state(*cold)));
}

TEST_P(FamilyContract, DrawsNothingFromTheGlobalGeneratorOnceBuilt) {
  const auto model = build(GetParam(), 1);
  const auto before = at::detail::getDefaultCPUGenerator().get_state().clone();
  train(*model, GetParam(), 0, 3, 3, seeded(2));
  answers(*model, GetParam());
  EXPECT_TRUE(torch::equal(before, at::detail::getDefaultCPUGenerator().get_state()));
}

TEST_P(FamilyContract, EvaluationLeavesTheTrainingStateAlone) {
  for (const std::string weights : {"ema", "raw"}) {
    const auto line = "eval.weights = \"" + weights + "\"\n";
    const auto asked = build(GetParam(), 1, line), alone = build(GetParam(), 1, line);
    auto noise = seeded(2), same_noise = seeded(2);
    train(*asked, GetParam(), 0, 2, 4, noise);
    const auto before = copy_of_state(*asked);
    answers(*asked, GetParam());
    EXPECT_TRUE(same_bits(before, copy_of_state(*asked))) << weights;
    train(*asked, GetParam(), 2, 4, 4, noise);
    train(*alone, GetParam(), 0, 4, 4, same_noise);
    EXPECT_TRUE(same_bits(copy_of_state(*asked), copy_of_state(*alone))) << weights;
  }
}

TEST_P(FamilyContract, ScoresTheWeightsThatAreAskedFor) {
  const auto averaged = build(GetParam(), 1), raw = build(GetParam(), 1, "eval.weights = 'raw'\n");
  train(*averaged, GetParam(), 0, 4, 4, seeded(2));
  train(*raw, GetParam(), 0, 4, 4, seeded(2));
  EXPECT_TRUE(same_bits(copy_of_state(*averaged), copy_of_state(*raw))) << "it trains alike";
  const auto of_average = answers(*averaged, GetParam()), of_live = answers(*raw, GetParam());
  if (GetParam().toml.find("ema.") == std::string::npos) {
    EXPECT_TRUE(same_bits(of_average, of_live));
    return;
  }
  ASSERT_EQ(of_average.size(), of_live.size());
  for (std::size_t i = 0; i < of_live.size(); ++i) {
    // Latents of a standard normal prior look at no weights.
    const bool latents = of_live[i].dim() == 2 && of_live[i].size(0) == 3;
    EXPECT_TRUE(latents || !torch::equal(of_average[i], of_live[i])) << "answer " << i;
  }
  const auto train_again = [&](const std::string& more) {
    auto model = build(GetParam(), 1, more);
    train(*model, GetParam(), 0, 4, 4, seeded(2));
    return model;
  };
  const auto live_as_average = train_again(""),
             average_as_live = train_again("eval.weights = 'raw'\n");
  overwrite(*live_as_average, true);
  overwrite(*average_as_live, false);
  EXPECT_TRUE(same_bits(answers(*live_as_average, GetParam()), of_live));
  EXPECT_TRUE(same_bits(answers(*average_as_live, GetParam()), of_average));
}

TEST_P(FamilyContract, SamplesHaveTheExamplesShapeAndRangeWhateverTheBatchSize) {
  const auto model = build(GetParam(), 1);
  train(*model, GetParam(), 0, 3, 3, seeded(2));
  auto* generative = dynamic_cast<GenerativeModel*>(model.get());
  if (generative == nullptr) GTEST_SKIP() << "not a generative model";
  std::vector<std::int64_t> done, sizes;
  const auto at_once =
      samples_as_one(*generative, {.count = 5, .generator = seeded(7), .batch_size = 5});
  const auto in_parts = samples_as_one(
      *generative, {.count = 5,
                    .generator = seeded(7),
                    .batch_size = 2,
                    .sink = [&](const torch::Tensor& batch) { sizes.push_back(batch.size(0)); },
                    .progress = [&](std::int64_t n) { done.push_back(n); }});
  auto shape = GetParam().example_shape;
  shape.insert(shape.begin(), 5);
  EXPECT_EQ(at_once.sizes(), shape);
  EXPECT_FALSE(at_once.requires_grad());
  EXPECT_TRUE(torch::isfinite(at_once).all().item<bool>());
  if (shape.size() == 4) {
    EXPECT_LE(at_once.abs().max().item<float>(), 1.0f);
  }
  // The draws are the same; matrix products of another height may round differently.
  EXPECT_TRUE(torch::allclose(at_once, in_parts, 1e-4, 1e-5));
  EXPECT_EQ(done, (std::vector<std::int64_t>{2, 4, 5}));
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{2, 2, 1}));
  const auto first =
      samples_as_one(*generative, {.count = 2, .generator = seeded(7), .batch_size = 5});
  EXPECT_TRUE(torch::allclose(at_once.slice(0, 0, 2), first, 1e-4, 1e-5));
  EXPECT_FALSE(torch::allclose(
      at_once, samples_as_one(*generative, {.count = 5, .generator = seeded(8)}), 1e-4, 1e-5));
}

TEST_P(FamilyContract, ReconstructionAndBoundHaveTheirShapes) {
  const auto model = build(GetParam(), 1);
  auto* generative = dynamic_cast<GenerativeModel*>(model.get());
  if (generative == nullptr) GTEST_SKIP() << "not a generative model";
  const auto batch = eight_examples(GetParam());
  if (const auto again = generative->reconstruct(batch)) {
    EXPECT_EQ(again->sizes(), batch.images.sizes());
    EXPECT_LE(again->abs().max().item<float>(), 1.0f);
  }
  const auto codes = generative->encode(batch);
  const Encoding encoding =
      capabilities_of(resolve_text(GetParam().toml, GetParam().label, family_schema, {})).encoding;
  EXPECT_EQ(codes.has_value(), encoding != Encoding::kNone);
  if (codes) {
    EXPECT_EQ(codes->mu.size(0), 8);
    EXPECT_EQ(codes->logvar.defined(), encoding == Encoding::kGaussians);
    if (codes->logvar.defined()) {
      EXPECT_EQ(codes->logvar.sizes(), codes->mu.sizes());
    }
    if (const auto images = generative->decode(codes->mu, batch.labels)) {
      EXPECT_EQ(images->sizes(), batch.images.sizes());
    }
  }
  if (const auto bound = generative->elbo(batch, seeded(3))) {
    EXPECT_EQ(bound->sizes(), std::vector<std::int64_t>{8});
    // An image's bound does not depend on what it is scored with.
    const Batch first{.images = batch.images.slice(0, 0, 1),
                      .labels = batch.labels.slice(0, 0, 1),
                      .factors = batch.factors.slice(0, 0, 1)};
    const auto alone = generative->elbo(first, seeded(3));
    EXPECT_NEAR((*bound)[0].item<double>(), alone->item<double>(), 1e-2);
  }
}

TEST_P(FamilyContract, OverfitsEightExamples) {
  if (GetParam().toml.starts_with("family = \"gan\"")) GTEST_SKIP() << "adversarial: see below";
  const auto model = build(GetParam(), 1);
  const auto log = train(*model, GetParam(), 0, 250, 250, seeded(2));
  EXPECT_LT(mean_loss(log, 230, 250) / mean_loss(log, 0, 5), GetParam().largest_loss_ratio);
}

TEST_P(FamilyContract, CriticSeparatesEightExamplesFromNoise) {
  if (!GetParam().toml.starts_with("family = \"gan\"")) GTEST_SKIP() << "not adversarial";
  // With a generator that does not learn, what it makes of noise stays tellable from the examples.
  const auto model = build(GetParam(), 1, "optimizer.generator_learning_rate = 1e-12\n");
  const auto log = train(*model, GetParam(), 0, 400, 400, seeded(2));
  double right = 0.0;
  for (std::size_t i = 380; i < 400; ++i) {
    for (const auto& term : log[i]) {
      if (term.name.ends_with("_accuracy")) right += term.value.item<double>() / 40.0;
    }
  }
  EXPECT_GT(right, 0.95);
}

// What a report does not know as a failure it would not count.
TEST_P(FamilyContract, FailureSignsAreKindsThatReportsCount) {
  for (const auto& sign : build(GetParam(), 1)->failure_signs()) {
    EXPECT_EQ(std::count(kFailureNotes.begin(), kFailureNotes.end(), sign.event), 1) << sign.event;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, FamilyContract, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.label; });

TEST(FamilyRegistry, EveryFamilyHasAContractCase) {
  for (const auto& entry : families()) {
    const auto line = "family = \"" + std::string(entry.name) + "\"";
    EXPECT_TRUE(std::any_of(cases().begin(), cases().end(), [&](const Case& setting) {
      return setting.toml.starts_with(line);
    })) << entry.name;
  }
}

TEST(FamilyRegistry, EveryKeyIsNewWellPlacedAndExplained) {
  const std::set<std::string> tables = {"model", "objective", "sampler", "optimizer"};
  for (const auto& entry : families()) {
    std::set<std::string> paths;
    for (const auto& key : common_schema()) paths.insert(key.path);
    for (const auto& key : entry.schema()) {
      EXPECT_TRUE(paths.insert(key.path).second) << entry.name << " " << key.path;
      EXPECT_TRUE(tables.contains(key.path.substr(0, key.path.find('.')))) << key.path;
      EXPECT_FALSE(key.meaning.empty()) << key.path;
      EXPECT_FALSE(key.meaning.ends_with(".")) << key.path;
      // What names an experiment is free.
      const auto* text = std::get_if<std::string>(&key.default_value);
      if (text != nullptr && key.path != kFirstStageKey) {
        EXPECT_EQ(std::count(key.choices.begin(), key.choices.end(), *text), 1) << key.path;
      }
    }
    EXPECT_FALSE(entry.paper.empty());
  }
}

}  // namespace
}  // namespace assay
