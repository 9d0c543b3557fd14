// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluator.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/events.h"
#include "data/batch_stream.h"
#include "harness/blocks.h"
#include "harness/code_inputs.h"
#include "harness/environment.h"
#include "harness/evaluation_check.h"
#include "harness/example_scores.h"
#include "harness/latent_space.h"
#include "harness/level_sets.h"
#include "harness/nearest_images.h"
#include "harness/noise_pictures.h"
#include "harness/path_inputs.h"
#include "harness/pictures.h"
#include "harness/sample_keeper.h"
#include "harness/score_protocol.h"
#include "harness/style_pictures.h"
#include "harness/token_swaps.h"
#include "harness/training_cost.h"
#include "kernels/pointwise/spread.h"
#include "kernels/runtime/caching_allocator.h"
#include "kernels/runtime/multiply_adds.h"
#include "metrics/codes/dci.h"
#include "metrics/extractors/framed.h"
#include "metrics/images/stacked_modes.h"
#include "metrics/neighbours/pair_sweep.h"
#include "metrics/options.h"
#include "metrics/requirements.h"

namespace assay {
namespace {

// Below this share of the real spread, samples have collapsed onto one point.
constexpr double kCollapsedSpread = 0.05;

constexpr Parts kSampleFeatures{Part::kFeatures, Part::kSpatialFeatures, Part::kLogits};

GenerativeModel& generative(Trainable& model, std::string_view family) {
  auto* generator = dynamic_cast<GenerativeModel*>(&model);
  if (generator == nullptr) {
    throw Error(fmt::format(
        "family '{}' generates nothing; its eval.metrics may only hold accuracy", family));
  }
  return *generator;
}

}  // namespace

Evaluator::Evaluator(const Definition& definition, std::uint64_t seed, const Dataset& dataset,
                     EvaluationProgress progress)
    : definition_(definition),
      seed_(seed),
      dataset_(dataset),
      progress_(std::move(progress)),
      drawer_(definition, seed, dataset, progress_),
      sampling_("sample", 1) {
  check_evaluation(definition, dataset);
  for (const auto& name : definition.texts("eval.metrics")) {
    metrics_.push_back(&metric(name));
    needs_.add(metrics_.back()->needs);
  }
  if (needs_.any_of(kOfExtractor) && !dataset.is_points()) {
    extractor_ = within_frame(
        from_outside([&] { return make_extractor(definition.text("eval.extractor")); }),
        definition.integer("dataset.padding"));
  }
}

FeatureParts Evaluator::wanted_parts() const {
  return {.logits = needs_.has(Part::kLogits), .spatial = needs_.has(Part::kSpatialFeatures)};
}

Features Evaluator::features_of(const at::Tensor& examples) {
  if (dataset_.is_points()) return {examples.to(torch::kFloat32), {}};
  const std::int64_t all = examples.size(0);
  return wanted_parts().of(
      extractor_->extract(examples, [&](std::int64_t done) { progress_("score", done, all); }));
}

const Features& Evaluator::reference_features() {
  if (!reference_features_) reference_features_ = features_of(drawer_.reference_images());
  return *reference_features_;
}

const Features& Evaluator::held_out_features() {
  if (!held_out_features_) held_out_features_ = features_of(dataset_.test.images);
  return *held_out_features_;
}

EvaluationResult Evaluator::evaluate(Trainable& model, std::int64_t images_seen, bool last) {
  const torch::NoGradGuard no_grad;
  // Training, drawing, features and scores work in tensors of other sizes each.
  release_cached_memory();
  EvaluationResult result;
  result.evaluation.images_seen = images_seen;
  MetricInputs inputs;
  inputs.k = definition_.integer("eval.neighbours");
  inputs.options = parse_metric_options(definition_.texts("eval.options"));
  inputs.device = device_of(model);
  inputs.sweep = std::make_shared<PairSweepMemo>();
  inputs.trees = std::make_shared<DciMemo>();
  inputs.stacked = std::make_shared<StackedModesMemo>();
  for (const Metric* metric : metrics_) inputs.wanted.emplace_back(metric->name);
  const bool only_classifies = needs_ == Needs::kClassification;
  if (!only_classifies && !metrics_.empty()) {
    GenerativeModel& generator = generative(model, definition_.family);
    draw_inputs(generator, inputs, result, last);
    release_cached_memory();
    if (last) show_model(generator, result);
  }
  if (needs_.has(Part::kClassLogits)) drawer_.draw_classes(model, inputs);
  release_cached_memory();
  std::int64_t scored = 0;
  for (const Metric* metric : metrics_) {
    progress_("score", scored++, static_cast<std::int64_t>(metrics_.size()));
    inputs.protocol =
        score_protocol(*metric, {definition_, dataset_, drawer_.reference_split().digest,
                                 extractor_.get(), inputs.device, evaluations_});
    result.evaluation.metrics.push_back(metric->compute(inputs));
    if (last && metric->of_examples != nullptr) {
      result.artifacts.push_back(
          example_scores(std::string(metric->name), metric->of_examples(inputs)));
    }
  }
  look_for_collapse(result);
  for (auto& artifact : result.artifacts) artifact.images_seen = images_seen;
  for (auto& note : result.notes) note.images_seen = images_seen;
  return result;
}

void Evaluator::show_model(GenerativeModel& model, EvaluationResult& result) const {
  const torch::Device device = device_of(model);
  const auto noise = make_generator(torch::kCPU, sample_seed(definition_, seed_), kEvalNoise);
  const auto add = [&](std::vector<Artifact> artifacts) {
    for (auto& artifact : artifacts) result.artifacts.push_back(std::move(artifact));
  };
  const auto add_one = [&](std::optional<Artifact> artifact) {
    if (artifact) result.artifacts.push_back(*std::move(artifact));
  };
  if (dataset_.is_points()) {
    add_one(level_sets_picture(model, drawer_.reference_images()));
  } else {
    add(latent_artifacts(model, drawer_.reference_examples(), device));
    add_one(style_mixing_picture(model, noise));
  }
  if (auto* noising = dynamic_cast<NoisingModel*>(&model)) {
    add(noise_artifacts(*noising, drawer_.reference_examples(), device, noise));
  }
  if (auto* told = dynamic_cast<TokenModel*>(&model)) add_one(token_swaps_picture(*told, noise));
}

void Evaluator::look_for_collapse(EvaluationResult& result) const {
  // Before training nothing has been lost.
  if (result.evaluation.images_seen == 0) return;
  const auto note = [&](const std::string& text) {
    result.notes.push_back({0, std::string(kModeCollapse), text});
  };
  for (const MetricValue& score : result.evaluation.metrics) {
    if (score.name == "modes_covered") {
      const auto modes = static_cast<double>(dataset_.modes->centres.size(0));
      const double least = definition_.number("eval.collapse_modes") * modes;
      if (score.value < least) {
        note(fmt::format("{:g} of {:g} modes are covered, of which {:g} were to be expected",
                         score.value, modes, least));
      }
    }
    if (score.name == "recall" && score.value < definition_.number("eval.collapse_recall")) {
      note(fmt::format("recall is {:.3g}, below {:g}", score.value,
                       definition_.number("eval.collapse_recall")));
    }
  }
}

void Evaluator::draw_inputs(GenerativeModel& model, MetricInputs& inputs, EvaluationResult& result,
                            bool last) {
  draw_samples(model, inputs, result, last);
  if (needs_.has(Part::kReconstructions)) {
    drawer_.draw_reconstructions(model, inputs);
    const auto picture = reconstructions_picture(
        inputs.images.originals, inputs.images.reconstructions, definition_.integer("eval.grid"));
    if (picture) result.artifacts.push_back(*picture);
  }
  inputs.evaluations = evaluations_.value_or(1.0);
  inputs.costs.sampling = sampling_cost_;
  if (needs_.has(Part::kTrainingCost)) inputs.costs.training = training_cost(model);
  if (needs_.has(Part::kElbo)) drawer_.draw_elbo(model, inputs);
  if (needs_.has(Part::kDenoisingLosses)) drawer_.draw_denoising_losses(model, inputs);
  if (needs_.has(Part::kDensities)) drawer_.draw_densities(model, inputs);
  if (needs_.has(Part::kPathEnergies)) drawer_.draw_path_energies(model, inputs);
  if (needs_.has(Part::kLogWeights)) drawer_.draw_log_weights(model, inputs);
  draw_code_inputs(model, inputs);
  if (needs_.has(Part::kPaths)) {
    const auto features = [&](const at::Tensor& examples) {
      return features_of(examples).features;
    };
    const std::uint64_t seed = sample_seed(definition_, seed_);
    draw_path_distances({model, definition_, seed, features, samples_at_a_time()}, inputs);
  }
  if (needs_.has(Part::kSampleLabels)) drawer_.draw_labels(model, inputs);
}

void Evaluator::draw_code_inputs(GenerativeModel& model, MetricInputs& inputs) {
  if (needs_.has(Part::kCodes)) drawer_.draw_codes(model, inputs);
  if (!needs_.any_of({Part::kJacobian, Part::kNoisyReconstructions, Part::kTrainingCodes,
                      Part::kDistortions})) {
    return;
  }
  const CodeSource source{model,         definition_, dataset_.train, drawer_.reference_examples(),
                          inputs.device, progress_};
  if (needs_.has(Part::kJacobian)) draw_jacobian_norms(source, inputs);
  if (needs_.has(Part::kNoisyReconstructions)) draw_noisy_reconstructions(source, inputs);
  if (needs_.has(Part::kTrainingCodes)) draw_probe(source, inputs);
  if (needs_.has(Part::kDistortions)) draw_distortions(source, inputs);
}

std::int64_t Evaluator::samples_to_draw() const {
  const std::int64_t generated = definition_.integer("eval.generated");
  // Points are cheap, and their picture shows all of them.
  const bool all = dataset_.is_points() || needs_.any_of(kSamples);
  return all ? generated : std::min(generated, definition_.integer("eval.grid"));
}

std::int64_t Evaluator::samples_at_a_time() const {
  return rows_at_a_time(definition_.integer("eval.batch_size"),
                        dataset_.train.images.sizes().slice(1));
}

SampleKeeper Evaluator::sample(GenerativeModel& model, std::int64_t count) {
  std::int64_t done = 0;
  std::int64_t evaluations = 0;
  const auto show = [&] { progress_("sample", done, count); };
  const bool of_features = needs_.any_of(kSampleFeatures);
  SampleKeeper keeper(
      {.count = count,
       .shown = definition_.integer("eval.grid"),
       .whole = needs_.any_of({Part::kImages, Part::kAttributes}),
       .extractor = of_features ? extractor_.get() : nullptr,
       .progress = [this, count](std::int64_t scored) { progress_("score", scored, count); },
       .parts = wanted_parts()});
  SampleRequest request;
  request.count = count;
  request.generator = make_generator(torch::kCPU, sample_seed(definition_, seed_), kEvalNoise);
  request.batch_size = samples_at_a_time();
  request.poll = [&](std::int64_t samples) {
    evaluations += samples;
    show();
  };
  request.progress = [&](std::int64_t now) {
    sampling_.add(now - done);
    done = now;
    show();
  };
  request.sink = [&](const at::Tensor& samples) {
    const MultiplyAddsUncounted features;
    keeper.take(samples);
    sampling_.resume();
  };
  std::optional<MultiplyAddCounter> counter;
  if (needs_.has(Part::kSamplingCost)) counter.emplace();
  sampling_.resume();
  model.sample(request);
  sampling_.pause();
  if (counter) {
    sampling_cost_ = static_cast<double>(counter->count()) / static_cast<double>(count);
  }
  // Counted, not computed of the settings: a sampler that does more than they say is found out.
  if (evaluations > 0) evaluations_ = static_cast<double>(evaluations) / static_cast<double>(count);
  release_cached_memory();
  return keeper;
}

double Evaluator::training_cost(Trainable& model) {
  if (!training_cost_) {
    training_cost_ = training_multiply_adds(model, definition_, seed_, dataset_);
  }
  return *training_cost_;
}

double Evaluator::reference_spread() {
  if (!reference_spread_) {
    const at::Tensor real = drawer_.reference_images();
    PixelSpread of_images;
    if (!dataset_.is_points()) of_images.add(real);
    reference_spread_ = dataset_.is_points() ? spread(real).item<double>() : of_images.value();
  }
  return *reference_spread_;
}

void Evaluator::draw_samples(GenerativeModel& model, MetricInputs& inputs, EvaluationResult& result,
                             bool last) {
  const std::int64_t count = samples_to_draw();
  if (count == 0) return;
  SampleKeeper drawn = sample(model, count);
  const double share = drawn.spread() / reference_spread();
  // A model that has not been trained, and one sample, are all alike by nature.
  if (share < kCollapsedSpread && count > 1 && result.evaluation.images_seen > 0) {
    result.notes.push_back({0, std::string(kModeCollapse),
                            fmt::format("samples spread {:.3g} of what real ones do", share)});
  }
  if (const auto picture = samples_picture(drawn.shown(), dataset_)) {
    result.artifacts.push_back(*picture);
  }
  if (last && !dataset_.is_points()) {
    const auto picture = nearest_picture(drawn.shown(), dataset_.train.images);
    if (picture) result.artifacts.push_back(*picture);
  }
  if (dataset_.is_points()) {
    inputs.points.generated = drawn.whole();
    inputs.points.reference = drawer_.reference_images();
    if (dataset_.modes) {
      inputs.points.mode_centres = dataset_.modes->centres;
      inputs.points.mode_sigma = dataset_.modes->sigma;
    }
  }
  if (needs_.has(Part::kImages)) {
    inputs.images.generated = drawn.whole();
    inputs.images.reference = drawer_.reference_images();
  }
  if (needs_.has(Part::kAttributes)) {
    drawer_.read_attributes(dynamic_cast<TokenModel&>(model), drawn.whole(), inputs);
  }
  if (needs_.any_of(kSampleFeatures)) add_features(drawn, inputs);
}

void Evaluator::add_features(SampleKeeper& drawn, MetricInputs& inputs) {
  const Features generated = dataset_.is_points() ? features_of(drawn.whole()) : drawn.features();
  inputs.features.generated = generated.features;
  inputs.features.generated_spatial = generated.spatial;
  inputs.features.logits = generated.logits;
  inputs.features.reference = reference_features().features;
  inputs.features.reference_spatial = reference_features().spatial;
  if (needs_.has(Part::kHeldOut)) inputs.features.held_out = held_out_features().features;
}

}  // namespace assay
