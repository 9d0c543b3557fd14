// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/events.h"
#include "core/metric_kind.h"
#include "reports/claim_rows.h"
#include "reports/latent_dimensions.h"
#include "reports/noise_profile.h"
#include "reports/papers/published.h"
#include "reports/statistics/hypothesis_test.h"
#include "reports/statistics/summary.h"
#include "results/rows.h"

namespace assay {

struct ReportOptions {
  std::string title = {};
  std::vector<std::string> experiments =
      {};                         ///< names or definition ids, in this order; empty: all, by name
  std::string generated_at = {};  ///< empty: now; tests set it
  std::vector<std::string> suites = {};  ///< whose claims are shown; empty: all
  std::vector<MetricKind> kinds = {};    ///< of metrics that a database does not explain
};

/// A metric under one protocol. Values of different protocols never share a column.
struct MetricColumn {
  std::string metric;
  std::string protocol_id;
  Protocol protocol = {};
  std::optional<Better> better = {};
  std::string label = {};    ///< "fd@fmnist-cnn"
  std::string unit = {};     ///< "share"; empty where nobody says
  std::string meaning = {};  ///< one line with the formula; likewise
  std::vector<std::string> difference =
      {};  ///< "weights: ema": fields in which columns of one label differ
};

struct SeedValue {
  std::uint64_t seed = 0;
  std::string uuid;
  std::int64_t images_seen = 0;
  double value = 0.0;
  double standard_error = 0.0;           ///< NaN where not known
  std::optional<double> untrained = {};  ///< the same metric at images_seen = 0
};

struct CurvePoint {
  double images_seen = 0.0;
  double mean = 0.0;
  double low = 0.0;   ///< lowest seed
  double high = 0.0;  ///< highest seed
};

/// A quantity during training over the seeds of one experiment, where all of them have a finite
/// value. At most 200 points: beyond that neighbouring records are averaged within each seed first.
struct SeedCurve {
  std::string name;
  std::int64_t seeds = 0;
  std::int64_t records_per_point = 1;
  std::vector<CurvePoint> points;
};

/// What other choices of an evaluation would give (reports/evaluation_choice.h).
struct EvaluationChoice {
  std::int64_t evaluations = 0;  ///< of the seed that has the fewest; 0: too few to say anything
  SeedSummary last_ten = {};     ///< of each seed's mean of its last ten
  SeedSummary lowest = {};       ///< of each seed's lowest
  SeedSummary highest = {};      ///< of each seed's highest
};

/// Last value of a metric over the seeds of an experiment; never a best-of-run.
struct MetricSummary {
  std::size_t column = 0;  ///< index into Report::columns
  Protocol sampling = {};  ///< how its samples were drawn, which columns leave out
  std::vector<SeedValue> seeds = {};
  SeedSummary last;
  SeedSummary untrained;
  SeedCurve curve;
  EvaluationChoice choice = {};
};

struct SpeedSummary {
  std::string phase;
  SeedSummary images_per_second;  ///< over runs, of each run's median
  double worst_mad = 0.0;         ///< the largest median absolute deviation inside a run
};

/// A seed whose training failed in some way.
struct FailedSeed {
  std::uint64_t seed = 0;
  std::string uuid;
  std::int64_t first_images = 0;  ///< images seen when it was first noted
  std::int64_t last_images = 0;   ///< and last: a collapse may pass
  std::string text = {};          ///< what was seen then: "recall is 0.012, below 0.05"
};

/// A way in which trainings of an experiment failed, in rates over seeds (reports/failures.h).
struct FailureSummary {
  std::string name;               ///< one of kFailureNotes, or "diverged"
  std::vector<FailedSeed> seeds;  ///< by seed
  std::int64_t ended = 0;         ///< seeds that completed, diverged or failed
  Estimate rate;                  ///< seeds.size() of ended, with Wilson's interval, 95 %
};

struct SamplePicture {
  std::string kind;
  std::int64_t images_seen = 0;
  std::uint64_t seed = 0;
  std::string png;
};

/// One definition and its runs of one device and the like (reports/run_settings.h). Statistics are
/// over the newest complete run of each seed.
struct ExperimentSummary {
  std::string id;
  std::string name;
  std::string label;  ///< name, and what tells it from others of that name
  std::string family;
  std::string definition;
  bool smoke = false;
  std::string device;
  std::vector<RunRow> runs;       ///< all
  std::vector<RunRow> counted;    ///< those in the statistics, by seed
  std::int64_t failed_seeds = 0;  ///< that diverged or failed, and have no complete run
  std::vector<MetricSummary> metrics;
  std::vector<SeedCurve> losses;
  std::vector<SpeedSummary> speeds;
  std::vector<FailureSummary> failures;  ///< empty: none befell it
  std::vector<SamplePicture> pictures;
  LatentProfile latents;  ///< at the last evaluation
  NoiseProfile noise;     ///< the same
  SeedSummary wall_seconds;
  /// Of training steps (of older runs, images over their median speed): of the run whose weights
  /// are scored, and of its first stage, with the encoding of the training images between them; n =
  /// 0: not known.
  SeedSummary training_seconds;
  SeedSummary network_evaluations;         ///< calls of the network for a sample; n = 0: none said
  double computing_seconds = 0.0;          ///< of all runs; of seeds that trained as one model once
  std::int64_t peak_memory_bytes = 0;      ///< largest of the counted runs
  std::string peak_memory_of = "process";  ///< or "GPU"
  std::string command;                     ///< repeats the counted runs
};

/// A value of a paper, and the experiment of this report that repeats what it was measured on.
struct PublishedBeside {
  PublishedValue value;
  std::size_t experiment = 0;  ///< index into Report::experiments
  /// The column of its metric, index into Report::columns; none if that metric was not computed.
  std::optional<std::size_t> column = {};
  std::string verdict = {};  ///< what its runs say of the value (papers/coverage.h)
};

struct SweepPoint {
  double x = 0.0;              ///< value of the key
  std::size_t experiment = 0;  ///< index into Report::experiments
};

/// Experiments whose definitions differ in one numeric key alone, by its value.
struct Sweep {
  std::string key;    ///< "model.latent_dim"
  std::string label;  ///< what the experiments' names have in common
  std::vector<SweepPoint> points;
};

struct MachineUse {
  MachineRow machine;
  std::int64_t runs = 0;
};

/// Everything that is rendered, in whatever format.
struct Report {
  std::string title;
  std::string generated_at;
  std::vector<std::string> databases;
  std::string summary;                ///< what was run, on what, what came out; plain text
  std::vector<std::string> warnings;  ///< what a reader must know before quoting a number
  std::vector<MachineUse> machines;
  std::vector<std::string> commits;   ///< with "+ changes" where the tree was dirty
  std::vector<StoredVerdict> claims;  ///< newest judgement of each suite
  std::vector<MetricColumn> columns;
  std::vector<ExperimentSummary> experiments;
  std::vector<Sweep> sweeps;
  std::vector<PublishedBeside> published;  ///< values of papers beside those of here
  std::vector<RunRow> unfinished;          ///< diverged, failed, interrupted and running runs
};

/// Reads databases and puts together what they say. Runs that several databases share count once.
/// Throws Error for a missing or damaged database.
Report build_report(std::span<const std::filesystem::path> databases, const ReportOptions& options);
Report build_report(const std::filesystem::path& database, const ReportOptions& options);

}  // namespace assay
