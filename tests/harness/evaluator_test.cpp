// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "data/batch_stream.h"
#include "data/sprites.h"
#include "families/sampling.h"
#include "harness/environment.h"
#include "harness/evaluation_check.h"
#include "harness/evaluation_inputs.h"
#include "harness/runner.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

void ignore(std::string_view, std::int64_t, std::int64_t) {}

EvaluationResult evaluate(const Definition& definition, std::uint64_t seed) {
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  Evaluator evaluator(definition, seed, dataset, ignore);
  return evaluator.evaluate(*model, 7);
}

TEST(Evaluator, StatesTheWholeProtocolOfEachScore) {
  const auto result = evaluate(small_definition(), 1);
  ASSERT_EQ(result.evaluation.metrics.size(), 5U);
  const Protocol& fd = result.evaluation.metrics[0].protocol;
  EXPECT_EQ(fd.at("reference"), "generated_images:test");
  EXPECT_EQ(fd.at("reference_digest").size(), 64U);
  EXPECT_EQ(fd.at("weights"), "ema");
  EXPECT_EQ(fd.at("extractor"), "pixels");
  EXPECT_EQ(result.evaluation.images_seen, 7);
}

TEST(Evaluator, NamesTheWeightsThatWereScored) {
  Definition definition = small_definition();
  definition.values.at("eval.weights").value = std::string("raw");
  for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
    EXPECT_EQ(value.protocol.at("weights"), "raw") << value.name;
  }
  definition.values.at("eval.weights").value = std::string("ema");
  definition.values.at("ema.decay").value = 0.0;
  for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
    EXPECT_EQ(value.protocol.at("weights"), "raw") << value.name;
  }
}

TEST(Evaluator, NamesTheSamplerOfScoresThatRestOnSamplesAlone) {
  const auto definition = resolve_text(R"(
family = "ddpm"
dataset = {name = "generated_images", size = 8, count = 64}
model = {base_channels = 8, multipliers = [1], heads = 1}
objective = {timesteps = 30}
sampler = {steps = 3}
eval = {metrics = ["fd"], extractor = "pixels", generated = 8, reference_count = 16}
)",
                                       "test.toml", family_schema, {});
  const auto protocol = evaluate(definition, 1).evaluation.metrics[0].protocol;
  EXPECT_EQ(protocol.at("sampler.name"), "ddim");
  EXPECT_EQ(protocol.at("sampler.steps"), "3");
  EXPECT_EQ(protocol.at("network_evaluations"), "3");
  EXPECT_FALSE(protocol.contains("sampler.variance"));
  const auto scores = evaluate(small_definition(), 1).evaluation.metrics;
  EXPECT_EQ(scores[0].protocol.at("network_evaluations"), "1");
  for (const auto& value : scores) {
    const bool of_samples = value.name != "reconstruction_mse" && value.name != "elbo";
    EXPECT_EQ(value.protocol.contains("network_evaluations"), of_samples) << value.name;
  }
}

// Heun's method asks twice at each step but the last (Karras et al. 2022, algorithm 1): five times
// for three steps. Of 8 samples in batches of 3 each batch asks as often.
TEST(Evaluator, CountsHowOftenASamplerAsksItsNetwork) {
  const auto definition = resolve_text(R"(
family = "ddpm"
dataset = {name = "generated_images", size = 8, count = 64}
model = {base_channels = 8, multipliers = [1], heads = 1}
objective = {timesteps = 30}
sampler = {name = "heun", steps = 3}
eval = {metrics = ["fd"], extractor = "pixels", generated = 8, reference_count = 16, batch_size = 3}
)",
                                       "test.toml", family_schema, {});
  const auto protocol = evaluate(definition, 1).evaluation.metrics[0].protocol;
  EXPECT_EQ(protocol.at("network_evaluations"), "5");
}

TEST(Evaluator, ScoresOfAStreamAreThoseOfTheWholeSet) {
  Definition definition = small_definition();
  definition.values.at("dataset.size").value = std::int64_t{28};
  definition.values.at("eval.extractor").value = std::string("fmnist-cnn");
  definition.values.at("eval.metrics").value = std::vector<std::string>{"fd", "inception_score"};
  definition.values.at("eval.generated").value = std::int64_t{230};
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  const auto extractor = make_extractor("fmnist-cnn");
  for (const std::int64_t batch : {7, 50, 100, 230, 500}) {
    definition.values.at("eval.batch_size").value = batch;
    Evaluator evaluator(definition, 1, dataset, ignore);
    const auto streamed = evaluator.evaluate(*model, 7).evaluation.metrics;
    const auto samples = samples_as_one(dynamic_cast<GenerativeModel&>(*model),
                                        {.count = 230,
                                         .generator = make_generator(torch::kCPU, 1, "eval_noise"),
                                         .batch_size = batch});
    const auto whole = extractor->extract(to_pixels(samples));
    MetricInputs inputs;
    inputs.features.generated = whole.features;
    inputs.features.logits = whole.logits;
    inputs.features.reference =
        extractor->extract(EvaluationInputs(definition, 1, dataset, ignore).reference_images())
            .features;
    EXPECT_EQ(streamed[0].value, metric("fd").compute(inputs).value) << batch;
    EXPECT_EQ(streamed[1].value, metric("inception_score").compute(inputs).value) << batch;
  }
}

/// Draws grey images and counts them.
struct Counting : GenerativeModel {
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override { return {}; }
  void visit_state(StateVisitor& visitor) override {
    visitor.tensor("weight", weight, StateKind::kParameter);
  }
  void sample(const SampleRequest& request) override {
    drawn += request.count;
    sample_in_batches(request, [](std::int64_t begin, std::int64_t end) {
      return torch::zeros({end - begin, 1, 16, 16});
    });
  }
  std::optional<torch::Tensor> reconstruct(const Batch& batch) override { return batch.images; }
  torch::Tensor weight = torch::zeros({1});
  std::int64_t drawn = 0;
};

TEST(Evaluator, DrawsTheSamplesThatSomethingNeeds) {
  const auto drawn = [](const std::string& metric, std::int64_t grid) {
    Definition definition = small_definition();
    definition.values.at("eval.metrics").value = std::vector<std::string>{metric};
    definition.values.at("eval.grid").value = grid;
    const Dataset dataset = load_dataset_for(definition);
    Counting model;
    Evaluator(definition, 1, dataset, ignore).evaluate(model, 7);
    return model.drawn;
  };
  EXPECT_EQ(drawn("fd", 16), 64);
  EXPECT_EQ(drawn("fd", 0), 64);
  EXPECT_EQ(drawn("reconstruction_mse", 16), 16);
  EXPECT_EQ(drawn("reconstruction_mse", 1000), 64);
  EXPECT_EQ(drawn("reconstruction_mse", 0), 0);
}

TEST(Evaluator, ThePictureHasTheSameBitsWhetherOrNotSamplesAreScored) {
  Definition definition = small_definition();
  definition.values.at("eval.batch_size").value = std::int64_t{16};
  const auto picture = [&](const std::string& metric) {
    definition.values.at("eval.metrics").value = std::vector<std::string>{metric};
    for (const auto& artifact : evaluate(definition, 1).artifacts) {
      if (artifact.kind == "samples") return artifact.bytes;
    }
    return std::string("none");
  };
  EXPECT_EQ(picture("elbo"), picture("fd"));
  EXPECT_TRUE(picture("elbo").starts_with("\x89PNG"));
}

TEST(Evaluator, FindsModeCollapseOfModelsThatWereTrained) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{"fd"};
  const Dataset dataset = load_dataset_for(definition);
  Counting model;
  Evaluator evaluator(definition, 1, dataset, ignore);
  EXPECT_TRUE(evaluator.evaluate(model, 0).notes.empty());
  const auto notes = evaluator.evaluate(model, 7).notes;
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].kind, "mode_collapse");
}

TEST(Evaluator, NamesTheBinarisationInEveryProtocol) {
  Definition definition = small_definition();
  for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
    EXPECT_FALSE(value.protocol.contains("binarisation")) << value.name;
  }
  std::set<std::string> digests;
  for (const std::string kind : {"static", "stochastic"}) {
    definition.values.at("dataset.binarisation").value = kind;
    for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
      EXPECT_TRUE(value.protocol.at("binarisation").starts_with(kind)) << value.name;
      digests.insert(value.protocol.at("reference_digest"));
    }
  }
  // The reference is the one draw in both.
  EXPECT_EQ(digests.size(), 1U);
}

TEST(Evaluator, ScoresFeaturesOfWhatAFrameHolds) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{"fd", "reconstruction_mse"};
  // It refuses images of another size than 28x28.
  definition.values.at("dataset.size").value = std::int64_t{28};
  definition.values.at("eval.extractor").value = std::string("fmnist-cnn");
  const auto plain = evaluate(definition, 1).evaluation.metrics;
  definition.values.at("dataset.padding").value = std::int64_t{2};
  const auto framed = evaluate(definition, 1).evaluation.metrics;
  // Of the same reference, and told apart where the frame counts.
  EXPECT_EQ(framed[0].protocol, plain[0].protocol);
  EXPECT_EQ(framed[1].protocol.at("padding"), "2");
  EXPECT_FALSE(plain[1].protocol.contains("padding"));
}

TEST(Evaluator, NamesConvolutionsThatAreNotLibTorchs) {
  Definition definition = small_definition();
  definition.values.at("train.convolution").value = std::string("exact");
  for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
    EXPECT_FALSE(value.protocol.contains("convolution")) << value.name;
  }
  definition.values.at("train.convolution").value = std::string("winograd");
  for (const auto& value : evaluate(definition, 1).evaluation.metrics) {
    EXPECT_EQ(value.protocol.at("convolution"), "winograd") << value.name;
  }
}

TEST(Evaluator, ScoresCodesOfAnAutoencoder) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{
      "jacobian_norm",      "noise_psnr", "reconstruction_mse", "psnr",
      "linear_probe_error", "code_rate",  "active_units",       "mean_activation"};
  definition.values.at("eval.options").value =
      std::vector<std::string>{"jacobian_norm.images=20", "linear_probe_error.examples=200"};
  const auto metrics = evaluate(definition, 1).evaluation.metrics;
  ASSERT_EQ(metrics.size(), 8U);
  for (const auto& value : metrics) EXPECT_TRUE(std::isfinite(value.value)) << value.name;
  EXPECT_GT(metrics[0].value, 0.0);
  EXPECT_EQ(metrics[0].protocol.at("n_real"), "20");
  EXPECT_EQ(metrics[1].protocol.at("noise"), "gaussian, fixed seed");
  EXPECT_EQ(metrics[4].protocol.at("n_train"), "200");
  EXPECT_GT(metrics[5].value, 0.0);
  // Another seed of the run draws other samples, and the same corruption.
  EXPECT_EQ(evaluate(definition, 2).evaluation.metrics[1].value, metrics[1].value);
  definition.values.at("eval.reference_split").value = std::string("train");
  EXPECT_THAT([&] { check_evaluation(definition); },
              ThrowsMessage<Error>(HasSubstr("linear_probe_error learns from training images")));
}

TEST(Evaluator, DrawsTheSameLatentsEachTimeAndOthersForAnotherSeed) {
  const Definition definition = small_definition();
  const double first = evaluate(definition, 1).evaluation.metrics[0].value;
  EXPECT_EQ(evaluate(definition, 1).evaluation.metrics[0].value, first);
  EXPECT_NE(evaluate(definition, 2).evaluation.metrics[0].value, first);
}

TEST(Evaluator, DrawsTheSameLatentsInAllRunsIfASeedIsGivenForThem) {
  Definition definition = small_definition();
  const auto own = evaluate(definition, 3).evaluation.metrics[0];
  EXPECT_FALSE(own.protocol.contains("sample_seed"));
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  definition.values.at("eval.sample_seed").value = std::int64_t{3};
  const auto scored = [&](std::uint64_t seed) {
    return Evaluator(definition, seed, dataset, ignore).evaluate(*model, 7).evaluation.metrics[0];
  };
  EXPECT_EQ(scored(1).value, scored(2).value);
  EXPECT_EQ(scored(1).protocol.at("sample_seed"), "3");
  // As a run of that seed draws them by itself.
  definition.values.at("eval.sample_seed").value = std::int64_t{-1};
  const double by_itself = scored(3).value;
  definition.values.at("eval.sample_seed").value = std::int64_t{3};
  EXPECT_EQ(scored(1).value, by_itself);
}

TEST(Evaluator, ASubsetOfTheReferenceKeepsTheLabelOfEachImage) {
  Definition definition = small_definition();  // of whose test split it takes 64
  definition.values.at("dataset.count").value = std::int64_t{1024};
  const Dataset dataset = load_dataset_for(definition);
  const Batch examples = EvaluationInputs(definition, 1, dataset, ignore).reference_examples();
  const DataSplit& split = dataset.test;
  ASSERT_EQ(examples.images.size(0), 64);
  ASSERT_GT(split.images.size(0), 64);
  for (std::int64_t i = 0; i < 64; ++i) {
    const auto same = split.images.eq(examples.images[i]).flatten(1).all(1).nonzero().flatten();
    ASSERT_EQ(same.numel(), 1) << i;
    EXPECT_TRUE(
        torch::equal(split.labels.index_select(0, same), examples.labels.slice(0, i, i + 1)))
        << i;
  }
}

TEST(Evaluator, RefusesMetricsThatTheDataCannotServe) {
  Definition definition = small_definition();
  definition.values.at("eval.metrics").value = std::vector<std::string>{"modes_covered"};
  EXPECT_THAT([&] { evaluate(definition, 1); },
              ThrowsMessage<Error>(HasSubstr("is of the modes of a 2-D mixture")));
  definition.values.at("eval.metrics").value = std::vector<std::string>{"fdd"};
  EXPECT_THAT([&] { check_evaluation(definition); },
              ThrowsMessage<Error>(HasSubstr("did you mean 'fd'?")));
}

/// A VAE on sprites with all metrics of codes, cut short.
Definition sprite_definition(const std::vector<std::string>& metrics) {
  Definition definition = small_definition();
  definition.values.at("dataset.name").value = std::string("sprites");
  definition.values.at("dataset.size").value = std::int64_t{32};
  definition.values.at("eval.reference_count").value = std::int64_t{600};
  definition.values.at("eval.metrics").value = metrics;
  return definition;
}

TEST(Evaluator, ScoresCodesAgainstTheFactorsOfTheReference) {
  const std::vector<std::string> metrics = {
      "mig",          "mig_sampled",       "modularity",
      "sap",          "factor_vae_score",  "beta_vae_score",
      "active_units", "total_correlation", "gaussian_total_correlation"};
  Definition definition = sprite_definition(metrics);
  definition.values.at("eval.options").value = std::vector<std::string>{
      "factor_vae_score.groups=300", "beta_vae_score.groups=300", "beta_vae_score.group_size=8"};
  check_evaluation(definition);
  const auto result = evaluate(definition, 1);
  ASSERT_EQ(result.evaluation.metrics.size(), metrics.size());
  for (const MetricValue& value : result.evaluation.metrics) {
    EXPECT_TRUE(std::isfinite(value.value)) << value.name;
    EXPECT_EQ(value.protocol.at("reference"), "sprites:test") << value.name;
    EXPECT_EQ(value.protocol.at("n_real"), "600") << value.name;
    EXPECT_FALSE(value.protocol.contains("extractor")) << value.name;
  }
  EXPECT_EQ(result.evaluation.metrics[0].protocol.at("representation"), "posterior mean");
  EXPECT_EQ(result.evaluation.metrics[1].protocol.at("representation"), "posterior");
  EXPECT_EQ(result.evaluation.metrics[4].protocol.at("groups"), "300");
}

TEST(Evaluator, GivesEachCodeTheFactorsOfItsImage) {
  const Definition definition = sprite_definition({"mig"});
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  auto& generator = dynamic_cast<GenerativeModel&>(*model);
  MetricInputs inputs;
  EvaluationInputs(definition, 1, dataset, ignore).draw_codes(generator, inputs);
  const CodeInputs& codes = inputs.codes;
  EXPECT_EQ(codes.means.sizes(), (at::IntArrayRef{600, 4}));
  EXPECT_EQ(codes.logvar.sizes(), codes.means.sizes());
  EXPECT_TRUE(codes.factor_sizes.equal(torch::tensor(std::vector<std::int64_t>{3, 6, 40, 32, 32})));
  // The picture of row 599's factors has row 599's code.
  const auto image = draw_sprites(codes.factors.slice(0, 599, 600), 32);
  const auto again = generator.encode({to_model_range(image), {}});
  EXPECT_TRUE(torch::allclose(again->mu[0], codes.means[599], 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(again->logvar[0], codes.logvar[599], 1e-5, 1e-6));
}

TEST(Evaluator, RefusesMetricsOfCodesBeforeARunThatCannotGiveThem) {
  const auto with = [](const char* key, const std::string& value, const std::string& metric) {
    Definition definition = sprite_definition({metric});
    if (std::string_view(key) == "family") {
      definition = resolve_text(
          "family = '" + value + "'\ndataset.name = 'sprites'\neval.metrics = ['" + metric + "']",
          "test.toml", family_schema, {});
    } else {
      definition.values.at(key).value = value;
    }
    check_evaluation(definition);
  };
  EXPECT_THAT([&] { with("dataset.name", "generated_images", "mig"); },
              ThrowsMessage<Error>(HasSubstr("mig needs the factors behind the images, which data "
                                             "set 'generated_images' does not know; those that do: "
                                             "sprites, shapes")));
  EXPECT_THAT([&] { with("family", "gan", "active_units"); },
              ThrowsMessage<Error>(HasSubstr("family 'gan' has no encoder")));
  EXPECT_THAT([&] { with("family", "autoencoder", "mig_sampled"); },
              ThrowsMessage<Error>(HasSubstr("mig_sampled is of posteriors q(z|x)")));
  EXPECT_THAT([&] { with("model.posterior", "point", "total_correlation"); },
              ThrowsMessage<Error>(HasSubstr("total_correlation is of posteriors q(z|x)")));
  EXPECT_NO_THROW(with("family", "autoencoder", "mig"));
  EXPECT_NO_THROW(with("dataset.name", "shapes", "mig_sampled"));
  EXPECT_NO_THROW(with("dataset.name", "generated_images", "total_correlation"));
}

TEST(Evaluator, NamesNoReferenceWhereThereIsNone) {
  Definition definition = small_definition();
  definition.values.at("model.conditional").value = true;
  definition.values.at("eval.metrics").value =
      std::vector<std::string>{"vendi", "ppl", "fd", "elbo"};
  const auto scores = evaluate(definition, 1);
  for (const MetricValue& score : scores.evaluation.metrics) {
    const bool compares = score.name == "fd" || score.name == "elbo";
    EXPECT_EQ(score.protocol.contains("reference"), compares) << score.name;
    EXPECT_EQ(score.protocol.contains("reference_digest"), compares) << score.name;
    EXPECT_EQ(score.protocol.contains("n_real"), compares) << score.name;
    // log p(x|y), where a model without classes bounds log p(x).
    EXPECT_EQ(score.protocol.contains("conditioning"), score.name == "elbo") << score.name;
  }
}

TEST(Evaluator, ReportsModeCollapseOfTrainedModelsAlone) {
  const Definition definition = resolve_text(R"(
family = "gan"
dataset.name = "generated_images"
dataset.size = 16
dataset.count = 64
model.initial_sd = 0
model.generator_channels = [8, 4]
model.discriminator_channels = [4, 8]
eval.metrics = ["fd"]
eval.extractor = "pixels"
eval.generated = 40
)",
                                             "small.toml", family_schema, {});
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 1, dataset, torch::kCPU);
  Evaluator evaluator(definition, 1, dataset, ignore);
  // Weights of 0 make one image of every z.
  EXPECT_TRUE(evaluator.evaluate(*model, 0).notes.empty());
  const auto later = evaluator.evaluate(*model, 16).notes;
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].kind, "mode_collapse");
}

}  // namespace
}  // namespace assay
