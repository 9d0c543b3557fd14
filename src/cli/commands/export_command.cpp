// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/out_file.h"
#include "cli/stored.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "data/npz.h"
#include "harness/network_files.h"
#include "reports/export/export.h"
#include "reports/repeat_command.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

struct ExportCommand {
  std::vector<std::string> runs;
  std::string format;
  std::string names = "pytorch";
  std::filesystem::path out;

  WeightNames weight_names() const {
    return names == "diffusers" ? WeightNames::kDiffusers : WeightNames::kPyTorch;
  }
};

// series/NAME and metric/NAME, each with what was seen and the values.
NpzArrays arrays_of(const Database& database, const RunRow& run) {
  std::map<std::string, std::pair<std::vector<std::int64_t>, std::vector<double>>> columns;
  const auto add = [&](const std::string& name, std::int64_t images_seen, double value) {
    columns[name].first.push_back(images_seen);
    columns[name].second.push_back(value);
  };
  for (const SeriesPoint& point : series_of(database, run.number)) {
    add("series/" + point.name, point.images_seen, point.value);
  }
  for (const MetricRow& row : metrics_of(database, run.number)) {
    constexpr std::size_t kDigits = 8;
    add(fmt::format("metric/{}/{}", row.full_name(), row.protocol_id.substr(0, kDigits)),
        row.images_seen, row.value);
  }
  NpzArrays arrays;
  for (const auto& [name, column] : columns) {
    arrays[name + "/images_seen"] = at::tensor(column.first, at::kLong);
    arrays[name + "/value"] = at::tensor(column.second, at::kDouble);
  }
  return arrays;
}

// All of the state under the names that the family gives it; its networks for other programs.
void export_weights(const Database& database, const RunRow& run, WeightNames names,
                    const std::filesystem::path& folder) {
  require_training(run);
  const RunRow trained = trained_run(database, run);
  const auto saved = sound_checkpoint(database, trained.number);
  if (!saved) {
    throw lost_weights(database, trained,
                       fmt::format("run it again ({} --again)", repeat_command("", {&trained, 1})));
  }
  write_file_atomically(folder / "state.safetensors", read_file(saved->file));
  write_networks(saved->file, stored_definition(database, run), folder, names);
}

void export_run(const Database& database, const RunRow& run, const ExportCommand& command,
                const std::filesystem::path& folder) {
  const std::string& format = command.format;
  if (format == "csv") {
    write_file_atomically(folder / "series.csv", series_csv(database, run));
    write_file_atomically(folder / "metrics.csv", metrics_csv(database, run));
  } else if (format == "jsonl") {
    write_file_atomically(folder / "run.jsonl", run_jsonl(database, run));
  } else if (format == "npz") {
    write_npz(folder / "run.npz", arrays_of(database, run));
  } else if (format == "tensorboard") {
    write_file_atomically(folder / fmt::format("events.out.tfevents.0.assay.{}", run.uuid),
                          run_events(database, run));
  } else {
    export_weights(database, run, command.weight_names(), folder);
  }
}

int export_command(const ExportCommand& command, const CommonOptions& common) {
  if (command.weight_names() != WeightNames::kPyTorch && command.format != "safetensors") {
    throw Error(fmt::format("--names {} is of weights; add --format safetensors", command.names));
  }
  const Database database = Database::open_for_reading(common.database);
  std::vector<RunRow> chosen;
  for (const auto& run : command.runs) chosen.push_back(find_run(database, run));
  for (const RunRow& run : chosen) {
    const auto folder = command.out / export_folder(run);
    write_out([&] { export_run(database, run, command, folder); });
    fmt::print("run {}: {}\n", run.number, terminal_text(folder.string()));
  }
  return 0;
}

}  // namespace

void add_export(App& app) {
  const auto options = std::make_shared<ExportCommand>();
  CLI::App* command =
      app.command("export", "a run's losses, scores, pictures or weights for other tools",
                  "assay export 12 13 --format tensorboard --out exported");
  command->add_option("RUN", options->runs, "numbers or uuid prefixes")->required();
  command->add_option("--format", options->format, "tensorboard, csv, jsonl, npz or safetensors")
      ->required()
      ->check(CLI::IsMember({"tensorboard", "csv", "jsonl", "npz", "safetensors"}));
  command
      ->add_option("--names", options->names,
                   "safetensors: pytorch, or diffusers, whose U-Nets are read from unet/ then")
      ->check(CLI::IsMember({"pytorch", "diffusers"}))
      ->capture_default_str();
  command->add_option("--out", options->out, "folder; each run gets one of its own in it")
      ->required()
      ->check(not_empty);
  app.act(command, [&app, options] { return export_command(*options, app.common()); });
}

}  // namespace assay
