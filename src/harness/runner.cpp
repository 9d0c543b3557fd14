// SPDX-License-Identifier: Apache-2.0
#include "harness/runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/utils.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "core/error.h"
#include "core/random.h"
#include "data/binarisation.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/evaluation_check.h"
#include "harness/evaluator.h"
#include "harness/seed_batch.h"
#include "harness/seed_run.h"
#include "harness/state.h"

namespace assay {
namespace {

// Intervals shorter than this are joined: clocks and caches make them noise.
constexpr double kShortestInterval = 0.05;

std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// See seed_batch_places.
std::int64_t places_of(const RunRequest& request, const Dataset& dataset) {
  const std::int64_t places = seeds_together(request.definition);
  if (places == 0 || request.device.is_cuda()) return places;
  const auto model = build_model(request.definition, request.seed, dataset, request.device);
  return faster_together(*model, places) ? places : 0;
}

// The one training loop: of one seed, or of several that train as one model.
class Training {
 public:
  Training(const std::vector<SeedRequest>& requests, const StopRequest& stop)
      : definition_(requests.front().request.definition),
        stop_(stop),
        shared_{load_dataset_for(definition_), run_length(definition_)},
        scores_only_(requests.front().request.weights.has_value()),
        places_(scores_only_ ? 0 : places_of(requests.front().request, shared_.dataset)) {
    TORCH_CHECK(requests.size() == 1 || places_ > 0, "these seeds train one at a time");
    for (const auto& [request, observer] : requests) {
      seeds_.push_back(std::make_unique<SeedRun>(request, *observer, stop, shared_));
    }
    say_what_was_read(requests);
    if (places_ > 0) {
      stack(requests);
    } else if (definition_.integer("train.seed_batch") > 0 && !scores_only_) {
      const std::string alone = capabilities_of(definition_).trains_alone;
      seeds_.front()->note(
          "seed_batch",
          "trained alone: " +
              (alone.empty() ? "networks of this size are faster one at a time" : alone));
    }
  }

  // Runs to the end, or to a stop: every seed has ended then.
  void go() {
    try {
      if (scores_only_) return seeds_.front()->score();
      for_each_running([](SeedRun& seed) {
        if (!seed.evaluation_due_at_start()) return;
        seed.save();
        seed.evaluate();
      });
      while (const SeedRun* seed = someone_running()) {
        if (seed->step() == shared_.length.steps) break;
        step(*seed);
      }
      for_each_running([](SeedRun& seed) { seed.end("complete"); });
    } catch (const StopRequested&) {
      interrupt();
    } catch (const std::exception&) {
      for_each_running([](SeedRun& seed) { seed.fail(std::current_exception()); });
    }
  }

  const std::vector<std::unique_ptr<SeedRun>>& seeds() const { return seeds_; }

 private:
  using Action = std::function<void(SeedRun&)>;

  void for_each_running(const Action& action) {
    for (auto& seed : seeds_) {
      if (!seed->ended()) action(*seed);
    }
  }
  const SeedRun* someone_running() const {
    const auto found =
        std::find_if(seeds_.begin(), seeds_.end(), [](auto& seed) { return !seed->ended(); });
    return found == seeds_.end() ? nullptr : found->get();
  }

  // A run that goes on from a later step has said it.
  void say_what_was_read(const std::vector<SeedRequest>& requests) const {
    const auto text = what_was_read(shared_.dataset, dataset_request_of(definition_));
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
      if (seeds_[i]->step() == 0) requests[i].observer->data_read(text);
    }
  }

  std::size_t place_of(std::uint64_t seed) const {
    return static_cast<std::size_t>(seed % static_cast<std::uint64_t>(places_));
  }

  void stack(const std::vector<SeedRequest>& requests) {
    std::vector<Trainable*> models(static_cast<std::size_t>(places_));
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
      const std::size_t place = place_of(requests[i].request.seed);
      TORCH_CHECK(models[place] == nullptr, "two seeds of a batch have place ", place);
      TORCH_CHECK(seeds_[i]->step() == seeds_[0]->step(), "seeds of a batch are at other steps");
      models[place] = &seeds_[i]->model();
      in_place_.push_back(place);
      numbers.push_back(requests[i].request.seed);
    }
    const RunRequest& first = requests.front().request;
    batch_.emplace(build_model(definition_, first.seed, shared_.dataset, first.device), models);
    const std::string text =
        fmt::format("trained with seeds {} as one model of {} places; images/s are this seed's own",
                    fmt::join(numbers, ", "), places_);
    for (auto& seed : seeds_) seed->note("seed_batch", text);
  }

  void step(const SeedRun& running) {
    if (stop_.reason()) {
      for_each_running([](SeedRun& seed) { seed.save(); });
      return interrupt();
    }
    shared_.training.resume();
    const auto values = batch_ ? step_together(running.context()) : step_alone();
    shared_.training.add(definition_.integer("train.batch_size"), kShortestInterval);
    std::vector<SeedRun*> due;
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
      SeedRun& seed = *seeds_[i];
      if (!seed.ended() && seed.step_done(values[i])) due.push_back(&seed);
    }
    for (SeedRun* seed : due) seed->evaluate();
  }

  std::vector<std::vector<LossValue>> step_alone() {
    SeedRun& seed = *seeds_.front();
    return {loss_values(seed.model().training_step(seed.next_batch(), seed.context()))};
  }

  // A seed that has diverged keeps its place until all have ended.
  std::vector<std::vector<LossValue>> step_together(const StepContext& context) {
    std::vector<SeedBatch::Input> inputs(static_cast<std::size_t>(places_));
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
      inputs[in_place_[i]] = {seeds_[i]->next_batch(), seeds_[i]->noise()};
    }
    const auto of_places = batch_->training_step(inputs, context);
    std::vector<std::vector<LossValue>> values;
    for (const std::size_t place : in_place_) values.push_back(of_places[place]);
    return values;
  }

  void interrupt() {
    const std::string reason = stop_.reason().value_or("stopped");
    for_each_running([&](SeedRun& seed) {
      try {
        seed.end("interrupted", reason);
      } catch (const std::exception&) {
        seed.fail(std::current_exception());  // a disk that is full; the other seeds still end
      }
    });
  }

  const Definition& definition_;
  const StopRequest& stop_;
  SharedRun shared_;
  bool scores_only_;
  std::int64_t places_;  // of a seed batch; 0: one seed alone
  std::vector<std::unique_ptr<SeedRun>> seeds_;
  std::vector<std::size_t> in_place_;  // of each seed
  std::optional<SeedBatch> batch_;
};

// Nothing could be begun: a result, too.
void report_failure(const std::vector<SeedRequest>& requests, const std::exception_ptr& problem) {
  RunFinished finished = ended_by(problem);
  finished.peak_memory_bytes = peak_memory_bytes(requests.front().request.device);
  for (const auto& [request, observer] : requests) observer->finished(finished);
}

[[noreturn]] void throw_again(const std::exception_ptr& problem) {
  if (ended_by(problem).status == "interrupted") {
    from_outside([&] { std::rethrow_exception(problem); });
  }
  std::rethrow_exception(problem);
}

// What was asked for was checked before the first step: whatever happens later is a failed run.
[[noreturn]] void throw_as_failed(const std::exception_ptr& problem) {
  try {
    throw_again(problem);
  } catch (const Error& caught) {
    if (caught.code() != ExitCode::kUsage) throw;
    throw Error(caught.what(), ExitCode::kRunFailed);
  }
}

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

DatasetRequest dataset_request_of(const Definition& definition) {
  const auto seed = static_cast<std::uint64_t>(definition.integer("dataset.seed"));
  return {definition.text("dataset.name"),
          definition.text("dataset.path"),
          definition.integer("dataset.size"),
          definition.integer("dataset.channels"),
          definition.integer("dataset.count"),
          stream_seed(seed, "data"),
          binarisation_named(definition.text("dataset.binarisation")),
          definition.number("dataset.radius"),
          definition.number("dataset.noise"),
          definition.number("dataset.scale"),
          definition.integer("dataset.padding")};
}

Dataset load_dataset_for(const Definition& definition) {
  return load_dataset(dataset_request_of(definition));
}

std::int64_t seed_batch_places(const RunRequest& request) {
  if (seeds_together(request.definition) == 0) return 0;
  return places_of(request, load_dataset_for(request.definition));
}

std::unique_ptr<Trainable> build_model(const Definition& definition, std::uint64_t seed,
                                       const Dataset& dataset, torch::Device device) {
  // The one place that seeds torch's global generator: initialisers accept no other.
  torch::manual_seed(stream_seed(seed, "init"));
  const at::Tensor& images = dataset.train.images;
  const auto shape = images.sizes().slice(1).vec();
  std::vector<std::int64_t> factor_sizes;
  for (const Factor& factor : dataset.factors) factor_sizes.push_back(factor.size);
  auto model = family(definition.family)
                   .make({definition, shape, dataset.classes, device, images, dataset.train.labels,
                          factor_sizes});
  move_state(*model, device);
  return model;
}

std::vector<RunFinished> run_experiments(const std::vector<SeedRequest>& requests,
                                         const StopRequest& stop) {
  TORCH_CHECK(!requests.empty(), "no run was asked for");
  const Definition& definition = requests.front().request.definition;
  const ConvolutionModeScope mode(convolution_mode_of(definition));
  std::optional<Training> training;
  try {
    check_evaluation(definition);
    training.emplace(requests, stop);
  } catch (const std::exception&) {
    report_failure(requests, std::current_exception());
    throw_again(std::current_exception());
  }
  training->go();
  std::vector<RunFinished> finished;
  for (const auto& seed : training->seeds()) {
    if (seed->problem()) throw_as_failed(seed->problem());
    finished.push_back(seed->finished());
  }
  return finished;
}

RunFinished run_experiment(const RunRequest& request, RunObserver& observer,
                           const StopRequest& stop) {
  return run_experiments(std::vector<SeedRequest>{{request, &observer}}, stop).front();
}

}  // namespace assay
