// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/batch_stream.h"
#include "data/binarisation.h"
#include "data/png.h"
#include "families/registry.h"
#include "harness/code_inputs.h"
#include "harness/environment.h"
#include "harness/latent_space.h"
#include "harness/path_inputs.h"
#include "kernels/spread.h"
#include "metrics/dci.h"
#include "metrics/options.h"
#include "metrics/pair_sweep.h"

namespace assay {
namespace {

constexpr std::int64_t kPictureSize = 256;
// Below this share of the real spread, samples have collapsed onto one point.
constexpr double kCollapsedSpread = 0.05;

std::int64_t columns_for(std::int64_t count) {
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count)))));
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

bool rests_on_samples(Needs needs) {
  return is_of_features(needs) || needs == Needs::kLabelledImages || needs == Needs::kPoints;
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

Evaluator::Evaluator(const Definition& definition, std::uint64_t seed, const Dataset& dataset,
                     EvaluationProgress progress)
    : definition_(definition),
      seed_(seed),
      dataset_(dataset),
      progress_(std::move(progress)),
      drawer_(definition, seed, dataset, progress_),
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

Protocol Evaluator::protocol_of(const Metric& metric) const {
  const std::string& split = definition_.text("eval.reference_split");
  Protocol protocol = {{"reference", fmt::format("{}:{}", dataset_.name, split)},
                       {"reference_digest", drawer_.reference_split().digest},
                       {"weights", scored_weights(definition_)}};
  if (is_of_features(metric.needs)) {
    protocol.merge(extractor_ ? extractor_->protocol() : Protocol{{"extractor", "points"}});
  }
  // Rounds more coarsely than LibTorch's own.
  const std::string& convolution = definition_.text("train.convolution");
  if (convolution != "exact") protocol["convolution"] = convolution;
  // Densities and probabilities are in different units.
  const bool likelihood = metric.needs == Needs::kElbo || metric.needs == Needs::kLogWeights;
  if (likelihood && definition_.has("objective.likelihood")) {
    protocol["likelihood"] = definition_.text("objective.likelihood");
  }
  if (metric.needs == Needs::kLogWeights) {
    protocol["importance_samples"] = std::to_string(definition_.integer("eval.importance_samples"));
  }
  if (metric.needs == Needs::kHeldOut) protocol["held_out_digest"] = dataset_.test.digest;
  if (rests_on_samples(metric.needs)) {
    protocol.merge(sampling_protocol(definition_, dataset_.train.size()));
  }
  if (needs_posteriors(metric.needs)) {
    protocol["representation"] = "posterior";
  } else if (needs_factors(metric.needs)) {
    const bool points = encoding_of(definition_) == Encoding::kPoints;
    protocol["representation"] = points ? "code" : "posterior mean";
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
  if (!reference_features_) reference_features_ = features_of(drawer_.reference_images());
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
    draw_inputs(generator, inputs, result);
    if (last && !dataset_.is_points()) {
      for (auto& artifact :
           latent_artifacts(generator, drawer_.reference_examples(), inputs.device)) {
        result.artifacts.push_back(std::move(artifact));
      }
    }
  }
  if (needs(Needs::kClassification)) drawer_.draw_classes(model, inputs);
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

void Evaluator::draw_inputs(GenerativeModel& model, MetricInputs& inputs,
                            EvaluationResult& result) {
  draw_samples(model, inputs, result);
  if (needs(Needs::kReconstructions)) {
    drawer_.draw_reconstructions(model, inputs);
    show_reconstructions(inputs, result);
  }
  if (needs(Needs::kElbo)) drawer_.draw_elbo(model, inputs);
  if (needs(Needs::kLogWeights)) drawer_.draw_log_weights(model, inputs);
  draw_code_inputs(model, inputs);
  if (needs(Needs::kPaths)) {
    const auto features = [&](const at::Tensor& examples) {
      return features_of(examples).features;
    };
    draw_path_distances({model, definition_, seed_, features}, inputs);
  }
  if (needs(Needs::kLabelled) || needs(Needs::kLabelledImages)) drawer_.draw_labels(model, inputs);
}

void Evaluator::draw_code_inputs(GenerativeModel& model, MetricInputs& inputs) {
  const bool of_codes = std::any_of(needs_.begin(), needs_.end(), is_of_codes);
  if (of_codes || needs(Needs::kProbe) || needs(Needs::kQuantisedCodes)) {
    drawer_.draw_codes(model, inputs);
  }
  const bool of_encoder = needs(Needs::kJacobian) || needs(Needs::kNoisyReconstructions) ||
                          needs(Needs::kProbe) || needs(Needs::kQuantisedCodes);
  if (!of_encoder) return;
  const CodeSource source{model,         definition_, dataset_.train, drawer_.reference_examples(),
                          inputs.device, progress_};
  if (needs(Needs::kJacobian)) draw_jacobian_norms(source, inputs);
  if (needs(Needs::kNoisyReconstructions)) draw_noisy_reconstructions(source, inputs);
  if (needs(Needs::kProbe)) draw_probe(source, inputs);
  if (needs(Needs::kQuantisedCodes)) draw_distortions(source, inputs);
}

at::Tensor Evaluator::sample(GenerativeModel& model) {
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
  return dataset_.is_points() ? samples : to_pixels(samples);
}

void Evaluator::draw_samples(GenerativeModel& model, MetricInputs& inputs,
                             EvaluationResult& result) {
  const at::Tensor examples = sample(model), real = drawer_.reference_images();
  const auto spread_of = [](const at::Tensor& images) {
    return spread(images.to(torch::kFloat)).item<double>();
  };
  const double share = spread_of(examples) / spread_of(real);
  if (share < kCollapsedSpread) {
    result.notes.push_back(
        {0, "mode_collapse", fmt::format("samples spread {:.3g} of what real ones do", share)});
  }
  show_samples(examples, result);
  if (dataset_.is_points()) {
    inputs.points = examples;
    inputs.reference_points = real;
    if (dataset_.modes) {
      inputs.mode_centres = dataset_.modes->centres;
      inputs.mode_sigma = dataset_.modes->sigma;
    }
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

void Evaluator::show_samples(const at::Tensor& examples, EvaluationResult& result) const {
  const std::int64_t shown = std::min(examples.size(0), definition_.integer("eval.grid"));
  if (dataset_.is_points()) {
    const at::Tensor centres = dataset_.modes ? dataset_.modes->centres : at::Tensor();
    result.artifacts.push_back(
        {"samples", 0, "image/png", encode_png(scatter_picture(examples, centres, kPictureSize))});
  } else if (shown > 0) {
    const at::Tensor grid = image_grid(examples.narrow(0, 0, shown), columns_for(shown));
    result.artifacts.push_back({"samples", 0, "image/png", encode_png(grid)});
  }
}

void Evaluator::show_reconstructions(const MetricInputs& inputs, EvaluationResult& result) const {
  const std::int64_t columns = columns_for(definition_.integer("eval.grid"));
  const std::int64_t shown = std::min(inputs.originals.size(0), columns * (columns / 2));
  if (shown < columns) return;
  const at::Tensor pairs = interleave(inputs.originals.narrow(0, 0, shown),
                                      inputs.reconstructions.narrow(0, 0, shown), columns);
  result.artifacts.push_back(
      {"reconstructions", 0, "image/png", encode_png(image_grid(pairs, columns))});
}

}  // namespace assay
