// SPDX-License-Identifier: Apache-2.0
#include "harness/evaluation_inputs.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "harness/blocks.h"
#include "harness/environment.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

// What a model's capabilities promise (families/capabilities.h), as check_evaluation has asked.
template <class T>
T promised(std::optional<T> answer, const char* method) {
  TORCH_CHECK(answer.has_value(), method, "() answers nothing, against the model's capabilities");
  return *std::move(answer);
}

// `most` of the rows, the same for every run by the stream of that name. Not the first ones: a
// folder lists its images class by class. All in their order where there are no more.
at::Tensor drawn_part(const at::Tensor& rows, std::int64_t most, std::string_view stream) {
  if (most >= rows.size(0)) return rows;
  const auto places = RandomStream(stream_seed(0, stream)).choice(rows.size(0), most);
  return rows.index_select(0, torch::tensor(places));
}

}  // namespace

std::uint64_t sample_seed(const Definition& definition, std::uint64_t run_seed) {
  const std::int64_t of_all_runs = definition.integer("eval.sample_seed");
  return of_all_runs < 0 ? run_seed : static_cast<std::uint64_t>(of_all_runs);
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

EvaluationInputs::EvaluationInputs(const Definition& definition, std::uint64_t seed,
                                   const Dataset& dataset, EvaluationProgress progress)
    : definition_(definition), seed_(seed), dataset_(dataset), progress_(std::move(progress)) {}

const DataSplit& EvaluationInputs::reference_split() const {
  return definition_.text("eval.reference_split") == "train" ? dataset_.train : dataset_.test;
}

at::Tensor EvaluationInputs::reference_part(const at::Tensor& of_split) const {
  const std::int64_t wanted = definition_.integer("eval.reference_count");
  return wanted == 0 ? of_split : drawn_part(of_split, wanted, "reference");
}

at::Tensor EvaluationInputs::reference_images() const {
  return reference_part(reference_split().images);
}

Batch EvaluationInputs::reference_examples() const {
  const auto part = [&](const at::Tensor& of_split) {
    return of_split.defined() ? reference_part(of_split) : at::Tensor();
  };
  return {.images = reference_images(),
          .labels = part(reference_split().labels),
          .factors = part(reference_split().factors)};
}

void EvaluationInputs::draw_reconstructions(GenerativeModel& model, MetricInputs& inputs) const {
  const Batch examples = reference_examples();
  inputs.images.originals = examples.images;
  inputs.images.reconstructions =
      in_blocks(examples, device_of(model), progress_, [&](const Batch& batch) {
        return to_pixels(promised(model.reconstruct(batch), "reconstruct"));
      });
}

void EvaluationInputs::draw_elbo(GenerativeModel& model, MetricInputs& inputs) const {
  torch::Generator noise = make_generator(torch::kCPU, seed_, "eval_posterior");
  inputs.likelihoods.elbo =
      in_blocks(reference_examples(), device_of(model), progress_,
                [&](const Batch& batch) { return promised(model.elbo(batch, noise), "elbo"); });
}

void EvaluationInputs::draw_log_weights(GenerativeModel& model, MetricInputs& inputs) const {
  torch::Generator noise = make_generator(torch::kCPU, seed_, "eval_posterior");
  const std::int64_t count = definition_.integer("eval.importance_samples");
  const Batch examples = reference_examples();
  inputs.likelihoods.dimensions = examples.images[0].numel();
  inputs.likelihoods.log_weights =
      in_blocks(examples, device_of(model), progress_, [&](const Batch& block) {
        return promised(model.log_weights(block, count, noise), "log_weights");
      });
}

void EvaluationInputs::draw_denoising_losses(GenerativeModel& model, MetricInputs& inputs) const {
  torch::Generator noise =
      make_generator(torch::kCPU, sample_seed(definition_, seed_), "eval_denoising");
  inputs.likelihoods.denoising_losses =
      in_blocks(reference_examples(), device_of(model), progress_, [&](const Batch& batch) {
        return promised(model.denoising_losses(batch, noise), "denoising_losses");
      });
}

void EvaluationInputs::draw_densities(GenerativeModel& model, MetricInputs& inputs) const {
  torch::Generator noise =
      make_generator(torch::kCPU, sample_seed(definition_, seed_), "eval_densities");
  Batch examples = reference_examples();
  const std::int64_t most = whole_option(inputs, "ode_nll.examples");
  examples.images = drawn_part(examples.images, most, "densities");
  for (at::Tensor* known : {&examples.labels, &examples.factors}) {
    if (known->defined()) *known = drawn_part(*known, most, "densities");
  }
  const double tolerance = option(inputs, "ode_nll.tolerance");
  inputs.likelihoods.dimensions = examples.images[0].numel();
  inputs.likelihoods.densities =
      in_blocks(examples, device_of(model), progress_, [&](const Batch& block) {
        return promised(model.log_density(block, tolerance, noise), "log_density");
      });
}

void EvaluationInputs::draw_path_energies(GenerativeModel& model, MetricInputs& inputs) const {
  const auto noise = make_generator(torch::kCPU, sample_seed(definition_, seed_), "eval_paths");
  auto paths =
      promised(model.path_energies(definition_.integer("eval.generated"), noise), "path_energies");
  inputs.points.path_starts = paths.noise;
  inputs.points.path_energies = paths.energy;
}

void EvaluationInputs::draw_codes(GenerativeModel& model, MetricInputs& inputs) const {
  std::vector<at::Tensor> logvars;
  const Batch examples = reference_examples();
  inputs.codes.means = in_blocks(examples, device_of(model), progress_, [&](const Batch& batch) {
    const Codes codes = promised(model.encode(batch), "encode");
    if (codes.logvar.defined()) logvars.push_back(codes.logvar.detach().to(torch::kCPU));
    return codes.mu;
  });
  inputs.labels.reference = examples.labels;
  CodeInputs& codes = inputs.codes;
  if (!logvars.empty()) codes.logvar = torch::cat(logvars);
  if (!reference_split().factors.defined()) return;
  codes.factors = reference_part(reference_split().factors);
  std::vector<std::int64_t> sizes;
  for (const Factor& factor : dataset_.factors) sizes.push_back(factor.size);
  codes.factor_sizes = torch::tensor(sizes);
}

void EvaluationInputs::draw_labels(GenerativeModel& model, MetricInputs& inputs) const {
  const Batch examples = reference_examples();
  if (!examples.labels.defined()) {
    throw Error(
        fmt::format("family '{}' on data set '{}': samples or images have no classes; drop "
                    "intra_fd and cas from "
                    "eval.metrics",
                    definition_.family, dataset_.name));
  }
  const std::int64_t count = definition_.integer("eval.generated");
  inputs.labels.generated = promised(model.sample_labels(count), "sample_labels");
  inputs.labels.reference = examples.labels;
}

void EvaluationInputs::read_attributes(const TokenModel& told, const at::Tensor& samples,
                                       MetricInputs& inputs) const {
  inputs.labels.asked = told.sample_tokens(samples.size(0));
  inputs.labels.shown = dataset_source(definition_.text("dataset.name")).read_factors(samples);
}

void EvaluationInputs::draw_classes(Trainable& model, MetricInputs& inputs) const {
  inputs.labels.class_logits = in_blocks(
      reference_examples(), device_of(model), progress_,
      [&](const Batch& batch) { return promised(model.classify(batch.images), "classify"); });
  if (!reference_split().labels.defined()) {
    throw Error(
        fmt::format("data set '{}' has no labels; drop accuracy from eval.metrics", dataset_.name));
  }
  inputs.labels.reference = reference_part(reference_split().labels);
}

}  // namespace assay
