// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "data/batch_stream.h"
#include "data/binarisation.h"
#include "data/png.h"
#include "harness/code_inputs.h"
#include "harness/environment.h"
#include "harness/latent_space.h"
#include "metrics/dci.h"
#include "metrics/options.h"
#include "metrics/pair_sweep.h"

namespace assay {
namespace {

constexpr std::int64_t kPictureSize = 256;
// Below this share of the real spread, samples have collapsed onto one point.
constexpr double kCollapsedSpread = 0.05;

// Mean over dimensions of the standard deviation over samples.
double spread(const at::Tensor& examples) {
  return examples.flatten(1).to(torch::kFloat64).std(0, /*unbiased=*/false).mean().item<double>();
}

std::int64_t columns_for(std::int64_t count) {
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count)))));
}

torch::Device device_of(Trainable& model) {
  struct First : StateVisitor {
    torch::Device device = torch::kCPU;
    void tensor(const std::string&, torch::Tensor& value, StateKind kind) override {
      if (kind == StateKind::kParameter) device = value.device();
    }
  } first;
  model.visit_state(first);
  return first.device;
}

// Pairs in one picture: a row of originals above a row of reconstructions, several times.
at::Tensor interleave(const at::Tensor& originals, const at::Tensor& reconstructions,
                      std::int64_t columns) {
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i + columns <= originals.size(0); i += columns) {
    rows.push_back(originals.narrow(0, i, columns));
    rows.push_back(reconstructions.narrow(0, i, columns));
  }
  return torch::cat(rows);
}

bool is_of_features(Needs needs) {
  return needs == Needs::kFeatures || needs == Needs::kHeldOut || needs == Needs::kLogits ||
         needs == Needs::kSpatialFeatures || needs == Needs::kLabelled;
}

GenerativeModel& generative(Trainable& model, std::string_view family) {
  auto* generator = dynamic_cast<GenerativeModel*>(&model);
  if (generator == nullptr) {
    throw Error(fmt::format(
        "family '{}' generates nothing; its eval.metrics may only hold accuracy", family));
  }
  return *generator;
}

}  // namespace

void check_evaluation(const Definition& definition) {
  parse_metric_options(definition.texts("eval.options"));
  bool needs_features = false;
  for (const auto& name : definition.texts("eval.metrics")) {
    const Needs needs = metric(name).needs;
    needs_features = needs_features || is_of_features(needs);
    if (needs == Needs::kHeldOut && definition.text("eval.reference_split") != "train") {
      throw Error(fmt::format(
          "eval.metrics: {} compares with training and held-out data; set eval.reference_split = "
          "'train', and the test split is held out",
          name));
    }
    if (needs == Needs::kProbe && definition.text("eval.reference_split") != "test") {
      throw Error(
          fmt::format("eval.metrics: {} learns from training images and is scored on others; set "
                      "eval.reference_split = 'test'",
                      name));
    }
    if (needs == Needs::kNoisyReconstructions) check_noise(definition);
    if (needs == Needs::kCodes || needs == Needs::kPaths) {
      throw Error(
          fmt::format("eval.metrics: {} needs {}, which no family and data set here has yet", name,
                      needs == Needs::kCodes ? "codes and the factors behind the images"
                                             : "paths through a latent space"));
    }
    const bool conditional =
        definition.has("model.conditional") && definition.boolean("model.conditional");
    const bool labelled = needs == Needs::kLabelled || needs == Needs::kLabelledImages;
    if (labelled && !conditional) {
      throw Error(
          fmt::format("eval.metrics: {} needs a class for each sample; take a family with the key "
                      "model.conditional and set it to true",
                      name));
    }
  }
  if (!needs_features) return;
  const auto& wanted = definition.text("eval.extractor");
  const auto& known = extractors();
  if (std::none_of(known.begin(), known.end(),
                   [&](const auto& one) { return one.name == wanted; })) {
    make_extractor(wanted);  // throws with the near miss
  }
}

Evaluator::Evaluator(const Definition& definition, std::uint64_t seed, const Dataset& dataset,
                     ProgressCallback progress)
    : definition_(definition),
      seed_(seed),
      dataset_(dataset),
      progress_(std::move(progress)),
      sampling_("sample", 1) {
  for (const auto& name : definition.texts("eval.metrics")) {
    metrics_.push_back(&metric(name));
    needs_.insert(metrics_.back()->needs);
  }
  if (needs_features() && !dataset.is_points())
    extractor_ = make_extractor(definition.text("eval.extractor"));
  if (needs(Needs::kPoints) && !dataset.modes) {
    throw Error(
        fmt::format("eval.metrics: modes can be counted on generated 2-D sets only, not on '{}'",
                    dataset.name));
  }
}

bool Evaluator::needs_features() const {
  return std::any_of(needs_.begin(), needs_.end(), is_of_features);
}

const DataSplit& Evaluator::reference_split() const {
  return definition_.text("eval.reference_split") == "train" ? dataset_.train : dataset_.test;
}

at::Tensor Evaluator::reference_part(const at::Tensor& of_split) const {
  const std::int64_t wanted = definition_.integer("eval.reference_count");
  if (wanted == 0 || wanted >= of_split.size(0)) return of_split;
  // Not the first ones: a folder lists its images class by class. The same part for every run.
  auto order = RandomStream(stream_seed(0, "reference")).permutation(of_split.size(0));
  order.resize(static_cast<std::size_t>(wanted));
  return of_split.index_select(0, torch::tensor(order));
}

at::Tensor Evaluator::reference_images() const { return reference_part(reference_split().images); }

Batch Evaluator::reference_examples() const {
  const at::Tensor& labels = reference_split().labels;
  return {reference_images(), labels.defined() ? reference_part(labels) : at::Tensor()};
}

Protocol Evaluator::protocol_of(const Metric& metric) const {
  const std::string& split = definition_.text("eval.reference_split");
  Protocol protocol = {{"reference", fmt::format("{}:{}", dataset_.name, split)},
                       {"reference_digest", reference_split().digest},
                       {"weights", definition_.number("ema.decay") > 0 ? "ema" : "raw"}};
  if (is_of_features(metric.needs)) {
    protocol.merge(extractor_ ? extractor_->protocol() : Protocol{{"extractor", "points"}});
  }
  // Densities and probabilities are in different units.
  const bool likelihood = metric.needs == Needs::kElbo || metric.needs == Needs::kLogWeights;
  if (likelihood && definition_.has("objective.likelihood")) {
    protocol["likelihood"] = definition_.text("objective.likelihood");
  }
  if (metric.needs == Needs::kLogWeights) {
    protocol["importance_samples"] = std::to_string(definition_.integer("eval.importance_samples"));
  }
  if (metric.needs == Needs::kHeldOut) protocol["held_out_digest"] = dataset_.test.digest;
  // A family without a distribution of codes samples from one that is fitted to them.
  if (is_of_features(metric.needs) && definition_.has("sampler.codes")) {
    protocol["sampled_codes"] = definition_.text("sampler.codes");
  }
  if (metric.needs == Needs::kLabelled || metric.needs == Needs::kLabelledImages) {
    protocol["generated_labels"] = "classes in turn";
  }
  if (dataset_.binarisation != Binarisation::kNone) {
    protocol["binarisation"] = binarisation_protocol(dataset_.binarisation);
  }
  add_code_protocol(definition_, metric.needs, protocol);
  return protocol;
}

Features Evaluator::features_of(const at::Tensor& examples) {
  if (dataset_.is_points()) return {examples.to(torch::kFloat32), {}};
  const std::int64_t all = examples.size(0);
  return extractor_->extract(examples, [&](std::int64_t done) { progress_("score", done, all); });
}

const Features& Evaluator::reference_features() {
  if (!reference_features_) reference_features_ = features_of(reference_images());
  return *reference_features_;
}

const Features& Evaluator::held_out_features() {
  if (!held_out_features_) held_out_features_ = features_of(dataset_.test.images);
  return *held_out_features_;
}

EvaluationResult Evaluator::evaluate(Trainable& model, std::int64_t images_seen, bool last) {
  const torch::NoGradGuard no_grad;
  EvaluationResult result;
  result.evaluation.images_seen = images_seen;
  MetricInputs inputs;
  inputs.k = definition_.integer("eval.neighbours");
  inputs.options = parse_metric_options(definition_.texts("eval.options"));
  inputs.device = device_of(model);
  inputs.sweep = std::make_shared<PairSweepMemo>();
  inputs.trees = std::make_shared<DciMemo>();
  for (const Metric* metric : metrics_) inputs.wanted.emplace_back(metric->name);
  const bool only_classifies = needs_.size() == 1 && needs(Needs::kClassification);
  if (!only_classifies && !metrics_.empty()) {
    GenerativeModel& generator = generative(model, definition_.family);
    draw_samples(generator, inputs, result);
    if (needs(Needs::kReconstructions)) draw_reconstructions(generator, inputs, result);
    if (needs(Needs::kElbo)) draw_elbo(generator, inputs);
    if (needs(Needs::kLogWeights)) draw_log_weights(generator, inputs);
    draw_codes(generator, inputs);
    if (needs(Needs::kLabelled) || needs(Needs::kLabelledImages)) draw_labels(generator, inputs);
    if (last && !dataset_.is_points()) {
      for (auto& artifact : latent_artifacts(generator, reference_examples(), inputs.device)) {
        result.artifacts.push_back(std::move(artifact));
      }
    }
  }
  if (needs(Needs::kClassification)) draw_classes(model, inputs);
  std::int64_t scored = 0;
  for (const Metric* metric : metrics_) {
    progress_("score", scored++, static_cast<std::int64_t>(metrics_.size()));
    inputs.protocol = protocol_of(*metric);
    result.evaluation.metrics.push_back(metric->compute(inputs));
  }
  for (auto& artifact : result.artifacts) artifact.images_seen = images_seen;
  for (auto& note : result.notes) note.images_seen = images_seen;
  return result;
}

void Evaluator::draw_samples(GenerativeModel& model, MetricInputs& inputs,
                             EvaluationResult& result) {
  const std::int64_t count = definition_.integer("eval.generated");
  std::int64_t done = 0;
  SampleOptions options;
  options.batch_size = definition_.integer("eval.batch_size");
  options.progress = [&](std::int64_t now) {
    sampling_.add(now - done);
    done = now;
    progress_("sample", now, count);
    sampling_.resume();
  };
  options.poll = [&] { progress_("sample", done, count); };
  sampling_.resume();
  const auto samples =
      model.sample(count, options, make_generator(torch::kCPU, seed_, "eval_noise"));
  sampling_.pause();
  const bool points = dataset_.is_points();
  const at::Tensor examples = points ? samples : to_pixels(samples);
  const at::Tensor real = reference_images();
  if (spread(examples) < kCollapsedSpread * spread(real)) {
    result.notes.push_back({0, "mode_collapse",
                            fmt::format("samples spread {:.3g} of what real ones do",
                                        spread(examples) / spread(real))});
  }
  const std::int64_t shown = std::min(count, definition_.integer("eval.grid"));
  if (points) {
    inputs.points = examples;
    inputs.reference_points = real;
    if (dataset_.modes) {
      inputs.mode_centres = dataset_.modes->centres;
      inputs.mode_sigma = dataset_.modes->sigma;
    }
    const at::Tensor centres = dataset_.modes ? dataset_.modes->centres : at::Tensor();
    result.artifacts.push_back(
        {"samples", 0, "image/png", encode_png(scatter_picture(examples, centres, kPictureSize))});
  } else if (shown > 0) {
    const at::Tensor grid = image_grid(examples.narrow(0, 0, shown), columns_for(shown));
    result.artifacts.push_back({"samples", 0, "image/png", encode_png(grid)});
  }
  if (needs(Needs::kLabelledImages)) {
    inputs.generated_images = examples;
    inputs.reference_images = real;
  }
  if (needs_features()) {
    const Features generated = features_of(examples);
    inputs.generated_features = generated.features;
    inputs.generated_spatial = generated.spatial;
    inputs.generated_logits = generated.logits;
    inputs.reference_features = reference_features().features;
    inputs.reference_spatial = reference_features().spatial;
    if (needs(Needs::kHeldOut)) inputs.held_out_features = held_out_features().features;
  }
}

void Evaluator::draw_reconstructions(GenerativeModel& model, MetricInputs& inputs,
                                     EvaluationResult& result) {
  const torch::Device device = device_of(model);
  const Batch examples = reference_examples();
  inputs.originals = examples.images;
  inputs.reconstructions = in_blocks(examples, device, progress_, [&](const Batch& batch) {
    const auto reconstructed = model.reconstruct(batch);
    if (!reconstructed) {
      throw Error(
          fmt::format("family '{}' reconstructs nothing; drop reconstruction_mse from eval.metrics",
                      definition_.family));
    }
    return to_pixels(*reconstructed);
  });
  const std::int64_t columns = columns_for(definition_.integer("eval.grid"));
  const std::int64_t shown = std::min(inputs.originals.size(0), columns * (columns / 2));
  if (shown >= columns) {
    const at::Tensor pairs = interleave(inputs.originals.narrow(0, 0, shown),
                                        inputs.reconstructions.narrow(0, 0, shown), columns);
    result.artifacts.push_back(
        {"reconstructions", 0, "image/png", encode_png(image_grid(pairs, columns))});
  }
}

void Evaluator::draw_elbo(GenerativeModel& model, MetricInputs& inputs) {
  torch::Generator noise = make_generator(torch::kCPU, seed_, "eval_posterior");
  inputs.elbo_nats =
      in_blocks(reference_examples(), device_of(model), progress_, [&](const Batch& batch) {
        const auto bound = model.elbo(batch, noise);
        if (!bound) {
          throw Error(fmt::format("family '{}' has no ELBO; drop elbo from eval.metrics",
                                  definition_.family));
        }
        return *bound;
      });
}

void Evaluator::draw_log_weights(GenerativeModel& model, MetricInputs& inputs) {
  torch::Generator noise = make_generator(torch::kCPU, seed_, "eval_posterior");
  const std::int64_t count = definition_.integer("eval.importance_samples");
  const Batch examples = reference_examples();
  inputs.data_dimensions = examples.images[0].numel();
  inputs.log_weights = in_blocks(examples, device_of(model), progress_, [&](const Batch& block) {
    const auto weights = model.log_weights(block, count, noise);
    if (!weights) {
      throw Error(
          fmt::format("family '{}' has no importance weights; drop iwae_nll and bits_per_dim from "
                      "eval.metrics",
                      definition_.family));
    }
    return *weights;
  });
}

void Evaluator::draw_codes(GenerativeModel& model, MetricInputs& inputs) {
  const CodeSource source{model,         definition_, dataset_.train, reference_examples(),
                          inputs.device, progress_};
  for (const Metric* metric : metrics_) {
    const bool of_codes = metric->needs == Needs::kCodeMeans || metric->needs == Needs::kProbe ||
                          metric->needs == Needs::kQuantisedCodes;
    if (of_codes && !inputs.code_means.defined()) draw_code_means(source, metric->name, inputs);
  }
  if (needs(Needs::kJacobian)) draw_jacobian_norms(source, inputs);
  if (needs(Needs::kNoisyReconstructions)) draw_noisy_reconstructions(source, inputs);
  if (needs(Needs::kProbe)) draw_probe(source, inputs);
  if (needs(Needs::kQuantisedCodes)) draw_distortions(source, inputs);
}

void Evaluator::draw_labels(GenerativeModel& model, MetricInputs& inputs) {
  const auto labels = model.sample_labels(definition_.integer("eval.generated"));
  const Batch examples = reference_examples();
  if (!labels || !examples.labels.defined()) {
    throw Error(
        fmt::format("family '{}' on data set '{}': samples or images have no classes; drop "
                    "intra_fd and cas from "
                    "eval.metrics",
                    definition_.family, dataset_.name));
  }
  inputs.generated_labels = *labels;
  inputs.reference_labels = examples.labels;
}

void Evaluator::draw_classes(Trainable& model, MetricInputs& inputs) {
  inputs.class_logits =
      in_blocks(reference_examples(), device_of(model), progress_, [&](const Batch& batch) {
        const auto logits = model.classify(batch.images);
        if (!logits) {
          throw Error(fmt::format("family '{}' classifies nothing; drop accuracy from eval.metrics",
                                  definition_.family));
        }
        return *logits;
      });
  if (!reference_split().labels.defined()) {
    throw Error(
        fmt::format("data set '{}' has no labels; drop accuracy from eval.metrics", dataset_.name));
  }
  inputs.class_labels = reference_part(reference_split().labels);
}

}  // namespace assay
