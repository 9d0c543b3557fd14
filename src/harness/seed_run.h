// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>

#include "harness/checkpoint.h"
#include "harness/evaluator.h"
#include "harness/loss_log.h"
#include "harness/runner.h"
#include "harness/speed.h"

namespace assay {

/// How a run ends that an exception ended: interrupted by what came from outside (run_experiment),
/// else failed; and the reason in words, without a backtrace.
RunFinished ended_by(const std::exception_ptr& problem);

/// In what order a run of this seed sees its examples, and what is done to them.
BatchStreamOptions batch_stream_options(const Definition& definition, std::uint64_t seed);

/// What seeds that train together have in common.
struct SharedRun {
  Dataset dataset;
  RunLength length;
  SpeedMeter training{"train", 1};
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
};

/// One seed of an experiment around its training steps: its model, batches and noise, what it logs,
/// saves and evaluates, and how it ends. Whoever trains calls, for each step, step_done() and, if
/// that says so, evaluate().
class SeedRun {
 public:
  /// `shared` must outlive this. Starts from the request's checkpoint, if it has one.
  SeedRun(const RunRequest& request, RunObserver& observer, const StopRequest& stop,
          SharedRun& shared);

  Trainable& model() { return *model_; }
  const torch::Generator& noise() const { return noise_; }
  std::int64_t step() const { return position_.step; }
  StepContext context() const;
  /// The next one, on the run's device.
  Batch next_batch();

  /// Logs and, where due, saves after a training step. Returns whether an evaluation is due.
  bool step_done(const std::vector<LossValue>& values);
  /// At the start, or where a checkpoint was taken just before an evaluation.
  bool evaluation_due_at_start() const;
  /// Throws StopRequested. Another exception ends this seed alone, as failed.
  void evaluate();
  /// All of a run that scores another one's weights: the evaluations of that run's start and end.
  void score();
  void save();
  void note(const std::string& kind, const std::string& text);

  bool ended() const { return !finished_.status.empty(); }
  /// complete, or interrupted for the reason of the stop. What cannot be recorded is thrown: this
  /// seed has then not ended.
  void end(const std::string& status, const std::string& reason = {});
  /// Ends it whatever happens: where not even that can be recorded, the row stays as it is, and
  /// readers take it for interrupted.
  void fail(std::exception_ptr problem);
  const RunFinished& finished() const { return finished_; }
  /// Why it failed, if it did by an exception.
  std::exception_ptr problem() const { return problem_; }

 private:
  void restore_first_stage();
  /// That of the run whose weights are scored, for the evaluation before training.
  void take_first_stage_of(const std::filesystem::path& weights);
  void evaluating(std::string_view phase, std::int64_t done, std::int64_t all);
  /// Notes failures that the means since the last line of the log tell of, each when it begins.
  void look_for_failure(const Scalars& means);
  void diverge(const std::string& what);
  void close(RunFinished finished);

  RunRequest request_;
  const Definition& definition_;
  RunObserver& observer_;
  const StopRequest& stop_;
  SharedRun& shared_;
  std::unique_ptr<Trainable> model_;
  torch::Generator noise_;
  torch::Tensor global_state_;
  BatchStream batches_;
  Evaluator evaluator_;
  LossLog losses_;
  RunPosition position_;
  std::int64_t saved_at_ = -1;
  RunFinished finished_;
  std::exception_ptr problem_;
};

}  // namespace assay
