// SPDX-License-Identifier: Apache-2.0
// How long a large database takes to answer: 10,000 runs of 100 experiments, 10 metrics of 1,000
// points each (10^8 rows, about 10 GB). It is generated at ASSAY_PERF_STORE (default: in the
// temporary folder) if it is not there; ASSAY_PERF_POINTS makes smaller ones. Goals: list < 100 ms,
// show < 200 ms, compare of 50 runs < 2 s.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "reports/comparison/compare.h"
#include "results/queries.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRuns = 10'000, kExperiments = 100, kMetrics = 10;

std::int64_t points() {
  const char* given = std::getenv("ASSAY_PERF_POINTS");
  return given == nullptr ? 1'000 : std::atoll(given);
}

fs::path file() {
  const char* given = std::getenv("ASSAY_PERF_STORE");
  return given != nullptr ? fs::path(given)
                          : fs::temp_directory_path() / fmt::format("assay-{}.sqlite", points());
}

void add_run(Database& database, std::int64_t number, std::int64_t machine) {
  NewRun run;
  run.uuid = fmt::format("{:08x}-0000-4000-8000-{:012x}", number * 2'654'435 % 0xFFFFFFFF, number);
  run.experiment_id = fmt::format("{:064x}", 1 + number % kExperiments);
  run.seed = static_cast<std::uint64_t>(number / kExperiments);
  run.commit_id = std::string(40, 'c');
  run.machine_id = machine;
  run.images_total = points();
  run.data_digest = std::string(64, 'd');
  run.code_digest = std::string(64, 'e');
  begin_run(database, run);
}

// Digests are left out: nothing that is timed looks at them.
void fill(Database& database) {
  for (std::int64_t i = 0; i < kExperiments; ++i) {
    add_experiment(database, {fmt::format("{:064x}", 1 + i), fmt::format("made/up_{:03}", i), "vae",
                              "family = \"vae\"\nnote = \"made up\"\n"});
  }
  MachineRow made_up;
  made_up.cpu = "made up";
  const auto machine = add_machine(database, made_up);
  {
    Transaction transaction(database);
    database.execute(
        "INSERT INTO protocol (id, fields) VALUES (printf('%064d', 1), "
        "'{\"extractor\": \"pixels\", \"n_generated\": \"2000\", \"reference\": \"x:test\"}')");
    transaction.commit();
  }
  for (std::int64_t number = 0; number < kRuns; ++number) add_run(database, number, machine);
  for (std::int64_t first = 1; first <= kRuns; first += 100) {
    Transaction transaction(database);
    database.execute(fmt::format(
        "WITH RECURSIVE point (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM point WHERE at < {}), "
        "name (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM name WHERE i < {}) "
        "INSERT INTO metric (run_id, images_seen, name, protocol_id, value) "
        "SELECT r.id, p.at, 'metric_' || n.i, printf('%064d', 1), 100.0 + (r.id * 7919 + p.at) % "
        "997 "
        "FROM run r, name n, point p WHERE r.id BETWEEN {} AND {} ORDER BY r.id, n.i, p.at",
        points(), kMetrics - 1, first, first + 99));
    transaction.commit();
    database.fold_log(std::uintmax_t{1} << 28);
  }
  Transaction transaction(database);
  database.execute("UPDATE run SET status = 'complete', images_seen = images_total");
  transaction.commit();
}

Database opened() {
  if (!fs::exists(file())) {
    auto database = Database::open_for_writing(file());
    fill(database);
  }
  return Database::open_for_reading(file());
}

void last_result_of_each_experiment(benchmark::State& state) {
  const Database database = opened();
  for (auto _ : state) benchmark::DoNotOptimize(last_results(database).size());
}
BENCHMARK(last_result_of_each_experiment)->Unit(benchmark::kMillisecond);

void all_runs(benchmark::State& state) {
  const Database database = opened();
  for (auto _ : state) benchmark::DoNotOptimize(runs(database).size());
}
BENCHMARK(all_runs)->Unit(benchmark::kMillisecond);

void one_run_with_all_its_scores(benchmark::State& state) {
  const Database database = opened();
  for (auto _ : state) {
    const RunRow run = find_run(database, "7777");
    benchmark::DoNotOptimize(metrics_of(database, run.number).size());
    benchmark::DoNotOptimize(final_series_of(database, run.number).size());
    benchmark::DoNotOptimize(events_of(database, run.number).size());
  }
}
BENCHMARK(one_run_with_all_its_scores)->Unit(benchmark::kMillisecond);

void fifty_runs_compared(benchmark::State& state) {
  const Database database = opened();
  for (auto _ : state) {
    std::vector<CompareOperand> operands;
    for (int i = 0; i < 50; ++i) {
      const RunRow run = find_run(database, std::to_string(100 + 101 * i));
      operands.push_back({.label = std::to_string(run.number),
                          .database = file(),
                          .experiments = {run.experiment_id},
                          .uuid = run.uuid});
    }
    benchmark::DoNotOptimize(compare(operands, {}).pairs.size());
  }
}
BENCHMARK(fifty_runs_compared)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay

BENCHMARK_MAIN();
