// SPDX-License-Identifier: Apache-2.0
#include "harness/seed_run.h"

#include <fmt/format.h>

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/random.h"
#include "core/reason.h"
#include "data/binarisation.h"
#include "families/first_stage.h"
#include "harness/blocks.h"
#include "harness/environment.h"
#include "harness/sample_keeper.h"
#include "harness/state.h"

namespace assay {
namespace {

constexpr std::int64_t kCheckpointsPerRun = 20;

// What a run does every so many images happens at the first whole step that reaches each multiple.
bool crosses(std::int64_t every, std::int64_t before, std::int64_t now) {
  return every > 0 && before / every != now / every;
}

}  // namespace

BatchStreamOptions batch_stream_options(const Definition& definition, std::uint64_t seed) {
  BatchStreamOptions options{definition.integer("train.batch_size"), stream_seed(seed, "order"),
                             stream_seed(seed, "augment"),
                             definition.boolean("dataset.horizontal_flip")};
  if (definition.text("dataset.binarisation") == "stochastic") {
    options.binarisation_seed = stream_seed(seed, "binarisation");
  }
  options.resampled_packs = definition.integer("dataset.resampled_packs");
  options.resample_seed = stream_seed(seed, "resample");
  return options;
}

RunFinished ended_by(const std::exception_ptr& problem) {
  RunFinished finished;
  finished.status = "failed";
  try {
    std::rethrow_exception(problem);
  } catch (const Error& caught) {
    const bool outside =
        caught.code() == ExitCode::kRunFailed || caught.code() == ExitCode::kInterrupted;
    if (outside) finished.status = "interrupted";
    finished.reason = caught.what();
  } catch (const std::exception& caught) {
    finished.reason = without_backtrace(caught.what());
  }
  return finished;
}

SeedRun::SeedRun(const RunRequest& request, RunObserver& observer, const StopRequest& stop,
                 SharedRun& shared)
    : request_(request),
      definition_(request_.definition),
      observer_(observer),
      stop_(stop),
      shared_(shared),
      model_(build_model(definition_, request.seed, shared.dataset, request.device)),
      noise_(make_generator(request.device, request.seed, "train_noise")),
      batches_(training_source(shared.dataset), batch_stream_options(definition_, request.seed)),
      evaluator_(definition_, request.seed, shared.dataset,
                 [this](auto phase, auto done, auto all) { evaluating(phase, done, all); }) {
  position_.definition_id =
      request.experiment_id.empty() ? definition_.id() : request.experiment_id;
  position_.training_id =
      request.training_id.empty() ? definition_.training_id() : request.training_id;
  position_.seed = request.seed;
  // The weights of a run that goes on hold it, and those of one that is scored.
  if (definition_.first_stage && !request.resume_from) {
    if (request.weights) {
      take_first_stage_of(*request.weights);
    } else {
      restore_first_stage();
    }
  }
  if (request.resume_from) {
    position_ = load_checkpoint(*request.resume_from, position_, *model_, noise_, losses_);
    batches_.seek(position_.step);
    shared_.training.restore(position_.training_speed);
    saved_at_ = position_.images_seen;
  }
  global_state_ = at::detail::getDefaultCPUGenerator().get_state().clone();
}

void SeedRun::restore_first_stage() {
  TORCH_CHECK(request_.first_stage, "no weights of a first stage were given");
  const auto& [file, hash, label] = *request_.first_stage;
  auto& model = dynamic_cast<OnFirstStage&>(*model_);
  load_weights(file, model.first_stage());
  if (state_hash(model.first_stage()) != hash) {
    throw Error(fmt::format("the first stage, {}, changed: {} holds other weights than those that "
                            "run ended with; bring those back, or run it again",
                            label, file.string()),
                ExitCode::kInterrupted);
  }
  const auto began = std::chrono::steady_clock::now();
  model.first_stage_restored();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  note("encoded", fmt::format("{:.3f} s for the latents of the training images", took.count()));
}

void SeedRun::take_first_stage_of(const std::filesystem::path& weights) {
  const torch::NoGradGuard no_grad;
  const TensorMap stored = checkpoint_state(weights);
  for (auto& [name, value] : state_tensors(*model_)) {
    if (name.starts_with(kFirstStageState)) value.copy_(stored.at(name));
  }
}

StepContext SeedRun::context() const {
  return {position_.step, shared_.length.steps, position_.images_seen,
          static_cast<double>(position_.images_seen) /
              static_cast<double>(shared_.dataset.train.size()),
          noise_};
}

Batch SeedRun::next_batch() { return on_device(batches_.next(), request_.device); }

bool SeedRun::step_done(const std::vector<LossValue>& values) {
  const auto problem = losses_.add(values);
  const std::int64_t before = position_.images_seen;
  const std::int64_t now = position_.images_seen += definition_.integer("train.batch_size");
  const bool last = ++position_.step == shared_.length.steps;
  if (problem || last || crosses(definition_.integer("train.log_every_images"), before, now)) {
    const Scalars means = losses_.take(now);
    observer_.scalars(means);
    look_for_failure(means);
  }
  if (problem) {
    diverge(fmt::format("{} became {}", problem->name, problem->value));
    return false;
  }
  observer_.progress({now, shared_.length.images, "train", shared_.training.latest()});
  const bool evaluation_due =
      last || crosses(definition_.integer("eval.every_images"), before, now);
  std::int64_t every = definition_.integer("train.checkpoint_every_images");
  if (every == 0) every = std::max<std::int64_t>(1, shared_.length.images / kCheckpointsPerRun);
  if (!evaluation_due && !crosses(every, before, now)) return false;
  // A loss can be finite while the step it led to was not.
  if (const auto tensor = first_non_finite(*model_)) {
    diverge(fmt::format("'{}' is no longer finite", *tensor));
    return false;
  }
  // Always before an evaluation: a run that is killed in one continues right there.
  save();
  return evaluation_due;
}

void SeedRun::look_for_failure(const Scalars& means) {
  const auto value_of = [&](const std::string& name) -> std::optional<double> {
    for (const auto& [known, value] : means.values) {
      if (known == name) return value;
    }
    return std::nullopt;
  };
  for (const FailureSign& sign : model_->failure_signs()) {
    std::string seen;
    bool shows = true;
    for (const auto& name : sign.terms) {
      const auto value = value_of(name);
      shows = shows && value && (sign.above ? *value > sign.limit : *value < sign.limit);
      if (shows) seen += fmt::format("{}{} is {:.3g}", seen.empty() ? "" : ", ", name, *value);
    }
    const auto known = std::find(position_.failing.begin(), position_.failing.end(), sign.event);
    const bool was_known = known != position_.failing.end();
    if (shows && !was_known) {
      note(sign.event,
           fmt::format("{}; {} {:g}", seen, sign.above ? "above" : "below", sign.limit));
      position_.failing.push_back(sign.event);
    }
    // A term that no step reported says nothing.
    if (!shows && was_known && value_of(sign.terms.front())) position_.failing.erase(known);
  }
}

bool SeedRun::evaluation_due_at_start() const {
  const std::int64_t now = position_.images_seen;
  const std::int64_t before = now - definition_.integer("train.batch_size");
  if (position_.step == 0) return definition_.boolean("eval.untrained");
  return position_.step == shared_.length.steps ||
         crosses(definition_.integer("eval.every_images"), before, now);
}

void SeedRun::evaluate() {
  if (ended() || definition_.texts("eval.metrics").empty()) return;
  try {
    const EvaluationResult result =
        evaluator_.evaluate(*model_, position_.images_seen, position_.step == shared_.length.steps);
    for (const Note& note : result.notes) observer_.note(note);
    for (const Artifact& artifact : result.artifacts) observer_.artifact(artifact);
    observer_.evaluated(result.evaluation);
  } catch (const NonFiniteSamples&) {
    diverge("a sample is not finite");
  } catch (const std::exception&) {
    fail(std::current_exception());
  }
}

void SeedRun::score() {
  if (definition_.boolean("eval.untrained")) evaluate();
  if (ended()) return;
  load_weights(*request_.weights, *model_);
  position_.step = shared_.length.steps;
  position_.images_seen = shared_.length.images;
  evaluate();
  if (!ended()) end("complete");
}

void SeedRun::evaluating(std::string_view phase, std::int64_t done, std::int64_t all) {
  observer_.progress({position_.images_seen, shared_.length.images,
                      fmt::format("{} {}/{}", phase, done, all), shared_.training.latest()});
  if (stop_.reason()) throw StopRequested{};
}

void SeedRun::save() {
  if (request_.checkpoints.empty() || saved_at_ == position_.images_seen) return;
  position_.training_speed = shared_.training.intervals();
  // The global generator as this seed's construction left it, whatever was built since.
  torch::Generator global = at::detail::getDefaultCPUGenerator();
  global.set_state(global_state_);
  observer_.checkpointed(
      save_checkpoint(request_.checkpoints, position_, *model_, noise_, losses_));
  saved_at_ = position_.images_seen;
}

void SeedRun::note(const std::string& kind, const std::string& text) {
  observer_.note({position_.images_seen, kind, text});
}

void SeedRun::end(const std::string& status, const std::string& reason) {
  RunFinished finished;
  finished.status = status;
  finished.reason = reason;
  finished.state_hash = state_hash(*model_);
  if (status == "complete" && !request_.weights) {
    observer_.artifact(
        {std::string(kStateTensors), position_.images_seen, "text/csv", tensor_hashes(*model_)});
  }
  // A median times the images would leave out what befalls few steps, as StyleGAN2's path lengths.
  if (const double seconds = shared_.training.intervals().seconds; seconds > 0.0)
    note("trained", fmt::format("{:.3f} s of training steps", seconds));
  const Throughput training = shared_.training.result();
  const Throughput sampling = evaluator_.sampling().result();
  if (training.n > 0) observer_.throughput(training);
  if (sampling.n > 0) observer_.throughput(sampling);
  close(std::move(finished));
}

void SeedRun::fail(std::exception_ptr problem) {
  problem_ = std::move(problem);
  RunFinished finished = ended_by(problem_);
  try {
    close(finished);
  } catch (const std::exception&) {
    finished_ = std::move(finished);
  }
}

void SeedRun::diverge(const std::string& what) {
  end("diverged", fmt::format("{} at step {} ({} images seen); the last good step is {}", what,
                              position_.step, position_.images_seen, position_.step - 1));
}

void SeedRun::close(RunFinished finished) {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - shared_.began;
  finished.images_seen = position_.images_seen;
  finished.wall_seconds = wall.count();
  finished.peak_memory_bytes = peak_memory_bytes(request_.device);
  if (request_.device.is_cuda()) {
    note("peak_memory", fmt::format("the peak is of the GPU's allocator; this process took {} MiB",
                                    peak_memory_bytes() >> 20));
  }
  observer_.finished(finished);
  finished_ = std::move(finished);
}

}  // namespace assay
