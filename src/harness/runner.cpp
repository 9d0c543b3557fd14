// SPDX-License-Identifier: Apache-2.0
#include "harness/runner.h"

#include <fmt/format.h>
#include <torch/utils.h>

#include <chrono>

#include "core/error.h"
#include "core/random.h"
#include "data/binarisation.h"
#include "families/registry.h"
#include "harness/checkpoint.h"
#include "harness/environment.h"
#include "harness/evaluation_check.h"
#include "harness/evaluator.h"
#include "harness/loss_log.h"
#include "harness/speed.h"
#include "harness/state.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kCheckpointsPerRun = 20;
// Intervals shorter than this are joined: clocks and caches make them noise.
constexpr double kShortestInterval = 0.05;

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// What a run does every so many images happens at the first whole step that reaches each multiple.
bool crosses(std::int64_t every, std::int64_t before, std::int64_t now) {
  return every > 0 && before / every != now / every;
}

BatchStreamOptions stream_options(const Definition& definition, std::uint64_t seed) {
  BatchStreamOptions options{definition.integer("train.batch_size"), stream_seed(seed, "order"),
                             stream_seed(seed, "augment"),
                             definition.boolean("dataset.horizontal_flip")};
  if (definition.text("dataset.binarisation") == "stochastic") {
    options.binarisation_seed = stream_seed(seed, "binarisation");
  }
  return options;
}

class Run {
 public:
  Run(const RunRequest& request, RunObserver& observer, const StopRequest& stop)
      : request_(request),
        definition_(request.definition),
        observer_(observer),
        stop_(stop),
        length_(run_length(request.definition)),
        dataset_(load_dataset_for(request.definition)),
        model_(build_model(request.definition, request.seed, dataset_, request.device)),
        noise_(make_generator(request.device, request.seed, "train_noise")),
        batches_(training_source(dataset_), stream_options(request.definition, request.seed)),
        evaluator_(request.definition, request.seed, dataset_,
                   [this](auto phase, auto done, auto all) { evaluating(phase, done, all); }),
        training_("train", 1) {
    position_.definition_id = definition_.id();
    position_.seed = request.seed;
    if (request.resume_from) {
      position_ = load_checkpoint(*request.resume_from, position_, *model_, noise_, losses_);
      batches_.seek(position_.step);
      training_.restore(position_.training_rates);
      saved_at_ = position_.images_seen;
    }
  }

  // Runs to the end, or to a stop. Fills status and reason.
  void go(RunFinished& finished) {
    finished.status = "complete";
    try {
      evaluate_if_due();
      while (position_.step < length_.steps && finished.status == "complete") step(finished);
    } catch (const StopRequested&) {
      interrupt(finished);
    }
    finished.images_seen = position_.images_seen;
    finished.state_hash = state_hash(*model_);
    if (training_.result().n > 0) observer_.throughput(training_.result());
    if (evaluator_.sampling().result().n > 0) observer_.throughput(evaluator_.sampling().result());
  }

  std::int64_t images_seen() const { return position_.images_seen; }

 private:
  void step(RunFinished& finished) {
    if (stop_.reason()) {
      training_.pause();
      save();
      return interrupt(finished);
    }
    training_.resume();
    const StepContext context{
        position_.step, length_.steps, position_.images_seen,
        static_cast<double>(position_.images_seen) / static_cast<double>(dataset_.train.size()),
        noise_};
    Batch batch = batches_.next();
    batch.images = batch.images.to(request_.device);
    if (batch.labels.defined()) batch.labels = batch.labels.to(request_.device);
    const auto problem = losses_.add(model_->training_step(batch, context));
    const std::int64_t batch_size = definition_.integer("train.batch_size");
    training_.add(batch_size, kShortestInterval);
    const std::int64_t before = position_.images_seen;
    position_.images_seen += batch_size;
    ++position_.step;
    if (problem) {
      observer_.scalars(losses_.take(position_.images_seen));
      return diverge(finished, fmt::format("{} became {}", problem->name, problem->value));
    }
    after_step(before, finished);
  }

  void after_step(std::int64_t before, RunFinished& finished) {
    const bool last = position_.step == length_.steps;
    const std::int64_t now = position_.images_seen;
    if (last || crosses(definition_.integer("train.log_every_images"), before, now)) {
      observer_.scalars(losses_.take(now));
    }
    observer_.progress({now, length_.images, "train", training_.latest()});
    const bool evaluation_due =
        last || crosses(definition_.integer("eval.every_images"), before, now);
    std::int64_t every = definition_.integer("train.checkpoint_every_images");
    if (every == 0) every = std::max<std::int64_t>(1, length_.images / kCheckpointsPerRun);
    if (!evaluation_due && !crosses(every, before, now)) return;
    // A loss can be finite while the step it led to was not.
    if (const auto tensor = first_non_finite(*model_)) {
      return diverge(finished, fmt::format("'{}' is no longer finite", *tensor));
    }
    // Always before an evaluation: a run that is killed in one continues right there.
    save();
    if (evaluation_due) evaluate();
  }

  // At the start, or where a checkpoint was taken just before an evaluation.
  void evaluate_if_due() {
    const std::int64_t now = position_.images_seen;
    const std::int64_t before = now - definition_.integer("train.batch_size");
    const bool due = position_.step == 0
                         ? definition_.boolean("eval.untrained")
                         : position_.step == length_.steps ||
                               crosses(definition_.integer("eval.every_images"), before, now);
    if (!due) return;
    save();
    evaluate();
  }

  void evaluate() {
    if (definition_.texts("eval.metrics").empty()) return;
    const EvaluationResult result =
        evaluator_.evaluate(*model_, position_.images_seen, position_.step == length_.steps);
    for (const Note& note : result.notes) observer_.note(note);
    for (const Artifact& artifact : result.artifacts) observer_.artifact(artifact);
    observer_.evaluated(result.evaluation);
  }

  void evaluating(std::string_view phase, std::int64_t done, std::int64_t all) {
    observer_.progress({position_.images_seen, length_.images,
                        fmt::format("{} {}/{}", phase, done, all), training_.latest()});
    if (stop_.reason()) throw StopRequested{};
  }

  void save() {
    if (request_.checkpoints.empty() || saved_at_ == position_.images_seen) return;
    position_.training_rates = training_.rates();
    observer_.checkpointed(
        save_checkpoint(request_.checkpoints, position_, *model_, noise_, losses_));
    saved_at_ = position_.images_seen;
  }

  void interrupt(RunFinished& finished) const {
    finished.status = "interrupted";
    finished.reason = stop_.reason().value_or("stopped");
  }

  void diverge(RunFinished& finished, const std::string& what) const {
    finished.status = "diverged";
    finished.reason = fmt::format("{} at step {} ({} images seen); the last good step is {}", what,
                                  position_.step, position_.images_seen, position_.step - 1);
  }

  const RunRequest& request_;
  const Definition& definition_;
  RunObserver& observer_;
  const StopRequest& stop_;
  RunLength length_;
  Dataset dataset_;
  std::unique_ptr<Trainable> model_;
  torch::Generator noise_;
  BatchStream batches_;
  Evaluator evaluator_;
  SpeedMeter training_;
  LossLog losses_;
  RunPosition position_;
  std::int64_t saved_at_ = -1;
};

}  // namespace

RunLength run_length(const Definition& definition) {
  const std::int64_t batch_size = definition.integer("train.batch_size");
  const std::int64_t steps = ceil_divide(definition.integer("train.images"), batch_size);
  return {steps, steps * batch_size};
}

ConvolutionMode convolution_mode_of(const Definition& definition) {
  return definition.text("train.convolution") == "winograd" ? ConvolutionMode::kWinograd
                                                            : ConvolutionMode::kExact;
}

Dataset load_dataset_for(const Definition& definition) {
  const auto seed = static_cast<std::uint64_t>(definition.integer("dataset.seed"));
  return load_dataset({definition.text("dataset.name"), definition.text("dataset.path"),
                       definition.integer("dataset.size"), definition.integer("dataset.channels"),
                       definition.integer("dataset.count"), stream_seed(seed, "data"),
                       binarisation_named(definition.text("dataset.binarisation"))});
}

std::unique_ptr<Trainable> build_model(const Definition& definition, std::uint64_t seed,
                                       const Dataset& dataset, torch::Device device) {
  // The one place that seeds torch's global generator: initialisers accept no other.
  torch::manual_seed(stream_seed(seed, "init"));
  const at::Tensor& images = dataset.train.images;
  const auto shape = images.sizes().slice(1).vec();
  auto model = family(definition.family).make({definition, shape, dataset.classes, device, images});
  move_state(*model, device);
  return model;
}

RunFinished run_experiment(const RunRequest& request, RunObserver& observer,
                           const StopRequest& stop) {
  const auto started = Clock::now();
  RunFinished finished;
  const auto close = [&] {
    finished.wall_seconds = std::chrono::duration<double>(Clock::now() - started).count();
    finished.peak_memory_bytes = peak_memory_bytes();
    observer.finished(finished);
  };
  const ConvolutionModeScope mode(convolution_mode_of(request.definition));
  std::optional<Run> run;
  try {
    check_evaluation(request.definition);
    run.emplace(request, observer, stop);
    run->go(finished);
  } catch (const std::exception& problem) {
    finished.status = "failed";
    finished.reason = problem.what();
    if (run) finished.images_seen = run->images_seen();
    close();
    throw;
  }
  close();
  return finished;
}

}  // namespace assay
