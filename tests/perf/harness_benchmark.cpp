// SPDX-License-Identifier: Apache-2.0
// What the harness adds to a training step, by Google Benchmark: ci/perf --benchmark harness builds
// and runs it. bare_step and harness_step train the same small network; the difference of their
// times is what batches, logging of every step's terms and the rest of a run add.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <ATen/Parallel.h>

#include <chrono>
#include <filesystem>

#include "core/random.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/loss_log.h"
#include "harness/runner.h"
#include "kernels/runtime/caching_allocator.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay {
namespace {

constexpr std::int64_t kTerms = 10;
constexpr std::int64_t kBatch = 16;

class NewFolder {
 public:
  NewFolder() { std::filesystem::create_directories(path); }
  ~NewFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("assay-" + random_uuid());
};

std::vector<LossTerm> ten_terms() {
  std::vector<LossTerm> terms;
  for (std::int64_t i = 0; i < kTerms; ++i) {
    terms.push_back({"term_" + std::to_string(i), torch::full({}, 0.1 * static_cast<double>(i))});
  }
  return terms;
}

void average_ten_terms(benchmark::State& state) {
  const auto terms = ten_terms();
  LossLog log;
  for (auto _ : state) benchmark::DoNotOptimize(log.add(loss_values(terms)));
}
BENCHMARK(average_ten_terms);

std::int64_t new_run(Database& database, const std::string& uuid) {
  const std::string id(64, 'a');
  add_experiment(database, {id, "benchmark", "vae", "family = \"vae\"\n"});
  NewRun run;
  run.uuid = uuid;
  run.experiment_id = id;
  run.commit_id = "unknown";
  run.machine_id = add_machine(database, MachineRow{});
  run.device = "cpu";
  return begin_run(database, run);
}

// From a step's terms to rows of the database, committed as runs do.
void store_ten_scalars(benchmark::State& state) {
  const NewFolder folder;
  Database database = Database::open_for_writing(folder.path / "a.sqlite");
  const std::string uuid = random_uuid();
  const RunLock lock(database.file(), uuid);
  RunRecorder recorder(database, new_run(database, uuid));
  const auto terms = ten_terms();
  LossLog log;
  std::int64_t seen = 0;
  for (auto _ : state) {
    log.add(loss_values(terms));
    recorder.scalars(log.take(++seen));
    recorder.progress({seen, 1'000'000, "train", 1.0});
  }
  recorder.flush();
}
BENCHMARK(store_ten_scalars)->MinTime(2.0);

constexpr std::int64_t kSteps = 2000;

Definition small_vae() {
  return resolve_text(fmt::format(R"(
family = "vae"
[dataset]
name = "generated_images"
size = 16
count = 6000
[train]
batch_size = {0}
images = {1}
log_every_images = {0}
[model]
network = "mlp"
hidden_widths = [32]
latent_dim = 4
[objective]
kl_parts = "weighted"
[eval]
metrics = []
untrained = false
)",
                                  kBatch, kBatch * kSteps),
                      "small_vae.toml", family_schema, {});
}

void bare_step(benchmark::State& state) {
  const Definition definition = small_vae();
  const Dataset dataset = load_dataset_for(definition);
  const auto model = build_model(definition, 0, dataset, torch::kCPU);
  BatchStream batches(dataset.train, {kBatch, 1, 2, false});
  const auto noise = make_generator(torch::kCPU, 0, "train_noise");
  StepContext context{0, 1'000'000, 0, 0.0, noise};
  std::size_t terms = 0;
  for (auto _ : state) {
    terms = model->training_step(batches.next(), context).size();
    ++context.step;
  }
  state.counters["terms"] = static_cast<double>(terms);
}
BENCHMARK(bare_step)->MinTime(2.0)->UseRealTime();

// Whole runs, divided by their steps: every term of every step becomes a row.
void harness_step(benchmark::State& state) {
  const NewFolder folder;
  Database database = Database::open_for_writing(folder.path / "a.sqlite");
  const RunRequest request{small_vae(), 0, torch::kCPU, {}, {}};
  const StopRequest never;
  for (auto _ : state) {
    const std::string uuid = random_uuid();
    const RunLock lock(database.file(), uuid);
    RunRecorder recorder(database, new_run(database, uuid));
    const auto begun = std::chrono::steady_clock::now();
    const RunFinished finished = run_experiment(request, recorder, never);
    if (finished.status != "complete") state.SkipWithError(finished.reason.c_str());
    const auto taken = std::chrono::steady_clock::now() - begun;
    state.SetIterationTime(std::chrono::duration<double>(taken).count() / kSteps);
  }
}
BENCHMARK(harness_step)->UseManualTime()->Iterations(3);

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
  assay::install_caching_allocator();
  at::set_num_threads(1);
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
