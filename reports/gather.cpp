// SPDX-License-Identifier: Apache-2.0
#include "reports/gather.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/curves.h"
#include "reports/evaluation_choice.h"
#include "reports/histories.h"
#include "reports/metric_columns.h"
#include "reports/run_costs.h"
#include "reports/run_settings.h"
#include "reports/statistics/bootstrap.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

void choose_counted(RunGroup& group) {
  std::map<std::uint64_t, FoundRun> newest;
  for (const auto& run : group.all) {
    if (run.row.status != "complete") continue;
    const auto [place, first] = newest.try_emplace(run.row.seed, run);
    if (!first && run.row.started_at >= place->second.row.started_at) place->second = run;
  }
  for (const auto& [seed, run] : newest) group.counted.push_back(run);
}

// Of fields in which scores differ, as an adaptive solver's evaluations, none is the experiment's.
void keep_what_agrees(MetricSummary& metric, const Protocol& sampling) {
  if (metric.seeds.empty()) {
    metric.sampling = sampling;
    return;
  }
  std::erase_if(metric.sampling, [&](const auto& field) {
    const auto found = sampling.find(field.first);
    return found == sampling.end() || found->second != field.second;
  });
}

}  // namespace

std::vector<MetricSummary> metrics_of_group(const RunGroup& group,
                                            std::vector<MetricColumn>& columns, History history) {
  std::map<std::size_t, std::map<std::string, SeedRecords>> records;
  std::map<std::size_t, MetricSummary> found;
  for (const auto& run : group.counted) {
    const auto rows = history == History::kWhole ? metrics_of(*run.database, run.row.number)
                                                 : final_metrics_of(*run.database, run.row.number);
    for (const MetricRow& row : rows) {
      const std::size_t column = column_of(columns, row);
      MetricSummary& metric = found[column];
      metric.column = column;
      keep_what_agrees(metric, sampling_of(row.protocol));
      records[column][run.row.uuid].emplace_back(row.images_seen, row.value);
      // Rows come in order of images_seen, so the last one stays.
      if (metric.seeds.empty() || metric.seeds.back().uuid != run.row.uuid) {
        metric.seeds.push_back({run.row.seed, run.row.uuid});
      }
      SeedValue& value = metric.seeds.back();
      if (row.images_seen == 0) value.untrained = row.value;
      value.images_seen = row.images_seen;
      value.value = row.value;
      value.standard_error = row.standard_error;
    }
  }
  std::vector<MetricSummary> summaries;
  for (auto& [column, metric] : found) {
    std::vector<double> last;
    std::vector<double> untrained;
    std::vector<SeedRecords> seeds;
    for (auto& seed : metric.seeds) {
      if (seed.images_seen == 0) seed.untrained.reset();  // it is all there is: samples of others
      last.push_back(seed.value);
      if (seed.untrained) untrained.push_back(*seed.untrained);
      seeds.push_back(records[column][seed.uuid]);
    }
    metric.last = summarise_scores(last);
    metric.untrained = summarise(untrained);
    metric.curve = curve_over_seeds(columns[column].metric, seeds);
    metric.choice = evaluation_choice(seeds);
    summaries.push_back(std::move(metric));
  }
  return summaries;
}

namespace {

void read_losses(const RunGroup& group, ExperimentSummary& summary) {
  std::map<std::string, std::map<std::string, SeedRecords>> records;
  for (const auto& run : group.counted) {
    for (const SeriesPoint& point : series_of(*run.database, run.row.number)) {
      records[point.name][run.row.uuid].emplace_back(point.images_seen, point.value);
    }
  }
  for (const auto& [name, by_run] : records) {
    std::vector<SeedRecords> seeds;
    for (const auto& [uuid, seed] : by_run) seeds.push_back(seed);
    summary.losses.push_back(curve_over_seeds(name, seeds));
  }
}

bool is_png(const Artifact& artifact) {
  return artifact.mime == "image/png" && artifact.bytes.starts_with("\x89PNG");
}

void add_picture(const FoundRun& run, const ArtifactName& name, ExperimentSummary& summary) {
  auto artifact = read_artifact(*run.database, run.row.number, name);
  if (!artifact || !is_png(*artifact)) return;
  summary.pictures.push_back(
      {name.kind, name.images_seen, run.row.seed, std::move(artifact->bytes)});
}

// Of the lowest seed the first and the last picture of each kind; of the others the last samples.
// Nobody chose them.
void read_pictures(const RunGroup& group, ExperimentSummary& summary) {
  for (const auto& run : group.counted) {
    std::map<std::string, std::vector<ArtifactName>> by_kind;
    for (const ArtifactName& name : artifacts_of(*run.database, run.row.number)) {
      if (name.mime == "image/png") by_kind[name.kind].push_back(name);
    }
    const bool lowest = run.row.uuid == group.counted.front().row.uuid;
    for (const auto& [kind, names] : by_kind) {
      if (lowest && names.size() > 1) add_picture(run, names.front(), summary);
      if (lowest || kind == "samples") add_picture(run, names.back(), summary);
    }
  }
}

// The last artifact of a kind of each run that has one.
std::vector<std::string> last_artifacts(const RunGroup& group, std::string_view kind) {
  std::vector<std::string> all;
  for (const auto& run : group.counted) {
    const auto names = artifacts_of(*run.database, run.row.number);
    const auto found = std::find_if(names.rbegin(), names.rend(),
                                    [&](const ArtifactName& name) { return name.kind == kind; });
    if (found == names.rend()) continue;
    auto artifact = read_artifact(*run.database, run.row.number, *found);
    if (artifact) all.push_back(std::move(artifact->bytes));
  }
  return all;
}

void read_latents(const RunGroup& group, ExperimentSummary& summary) {
  std::vector<std::vector<LatentDimension>> seeds;
  for (const auto& csv : last_artifacts(group, "latent_dimensions")) {
    seeds.push_back(read_latent_dimensions(csv));
  }
  summary.latents = latent_profile(seeds);
}

void read_noise(const RunGroup& group, ExperimentSummary& summary) {
  const auto over_seeds = [&](std::string_view kind) {
    std::vector<std::vector<PlacedNumber>> seeds;
    for (const auto& csv : last_artifacts(group, kind)) seeds.push_back(read_placed_numbers(csv));
    return profile_over_seeds(seeds);
  };
  summary.noise = {.snr = over_seeds("snr_curve"), .bound = over_seeds("bound_terms")};
}

// Where an experiment stands among the wanted names and ids; at the end if it is not wanted.
std::size_t place_in(const std::vector<std::string>& wanted, const ExperimentRow& experiment) {
  const auto found = std::ranges::find_if(wanted, [&](const std::string& one) {
    return one == experiment.name || one == experiment.id;
  });
  return static_cast<std::size_t>(found - wanted.begin());
}

// Hidden ones too.
std::vector<RunRow> selected_runs(const Database& database, const RunSelection& selection) {
  std::vector<RunRow> all =
      runs(database, {.experiments = selection.experiments, .uuid = selection.uuid.value_or("")});
  if (selection.where) {
    const auto meant = selection.where->runs_of(database);
    std::erase_if(all, [&](const RunRow& row) { return !meant.contains(row.number); });
  }
  return all;
}

bool is_hidden(const std::map<std::string, RunRemarks>& remarks, const RunRow& run) {
  const auto found = remarks.find(run.uuid);
  return found != remarks.end() && found->second.hidden;
}

}  // namespace

GatheredRuns gather_runs(std::span<const std::filesystem::path> databases,
                         const RunSelection& selection) {
  std::vector<std::shared_ptr<const Database>> opened;
  std::vector<const Database*> all;
  for (const auto& file : databases) {
    opened.push_back(std::make_shared<const Database>(Database::open_for_reading(file)));
    all.push_back(opened.back().get());
  }
  GatheredRuns found;
  found.remarks = remarks_of(all);
  std::map<std::string, RunGroup> by_key;
  std::set<std::string> seen;
  for (const auto& database : opened) {
    for (RunRow& row : selected_runs(*database, selection)) {
      if (!seen.insert(row.uuid).second) continue;
      if (!selection.with_hidden && is_hidden(found.remarks, row)) {
        found.hidden.push_back(std::move(row));
        continue;
      }
      RunGroup& group = by_key[row.experiment_id + "\n" + settings_key(row)];
      if (group.all.empty()) {
        group.experiment = experiment_of(*database, row.experiment_id);
        group.experiment.definition = definition_of(*database, row);
      }
      group.all.push_back({std::move(row), database});
    }
  }
  for (auto& [key, group] : by_key) {
    choose_counted(group);
    found.groups.push_back(std::move(group));
  }
  std::ranges::sort(found.groups, {}, [&](const RunGroup& group) {
    return std::tuple(place_in(selection.experiments, group.experiment), group.experiment.name,
                      group.all.front().row.started_at, group.experiment.id,
                      settings_key(group.all.front().row));
  });
  return found;
}

PooledRuns pooled_runs(const RunGroup& group, const std::string& label) {
  PooledRuns pool{label, label, {}};
  for (const FoundRun& run : group.counted) pool.runs.push_back(&run.row);
  return pool;
}

std::int64_t failed_seeds(const RunGroup& group) {
  std::set<std::uint64_t> complete, failed;
  for (const FoundRun& run : group.counted) complete.insert(run.row.seed);
  for (const FoundRun& run : group.all) {
    const bool ended = run.row.status == "diverged" || run.row.status == "failed";
    if (ended && !complete.contains(run.row.seed)) failed.insert(run.row.seed);
  }
  return static_cast<std::int64_t>(failed.size());
}

Sample scores_of(const MetricSummary& metric, std::string label, std::int64_t failed) {
  Sample sample{std::move(label), {}, failed};
  for (const SeedValue& seed : metric.seeds) sample.scores.push_back({seed.seed, seed.value});
  return sample;
}

ExperimentSummary summarise_group(const RunGroup& group, std::vector<MetricColumn>& columns) {
  ExperimentSummary summary;
  summary.failed_seeds = failed_seeds(group);
  summary.id = group.experiment.id;
  summary.name = group.experiment.name;
  summary.family = group.experiment.family;
  summary.definition = group.experiment.definition;
  summary.device = group.all.front().row.device;
  for (const auto& run : group.all) {
    summary.runs.push_back(run.row);
    summary.smoke = summary.smoke || run.row.smoke;
  }
  for (const auto& run : group.counted) summary.counted.push_back(run.row);
  summary.metrics = metrics_of_group(group, columns);
  read_network_evaluations(group, summary);
  read_losses(group, summary);
  read_speeds(group, summary);
  read_histories(group, summary);
  read_pictures(group, summary);
  read_latents(group, summary);
  read_noise(group, summary);
  return summary;
}

}  // namespace assay
