// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/sample_command.h"

#include <fmt/format.h>

#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/out_file.h"
#include "cli/run/targets.h"
#include "cli/stored.h"
#include "cli/text/words.h"
#include "config/suite.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/paths.h"
#include "data/batch_stream.h"
#include "data/npz_dataset.h"
#include "data/png.h"
#include "harness/blocks.h"
#include "harness/checkpoint.h"
#include "harness/environment.h"
#include "harness/evaluator.h"
#include "harness/network_files.h"
#include "harness/runner.h"
#include "harness/sample_keeper.h"
#include "reports/repeat_command.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

struct SampleCommand {
  CommonOptions common;
  std::string run;  // or, with a definition, files of weights
  std::string definition;
  std::int64_t count = 64;
  std::string out;  // a folder (one PNG each), FILE.png (a grid) or FILE.npz; empty: RUN.png
  std::uint64_t seed = 0;
  std::vector<std::string> set;  // changes of the [sampler] table
  std::filesystem::path data;    // where its data lie now; empty: where they lay
  std::string device = "auto";
};

namespace fs = std::filesystem;

constexpr std::int64_t kScatterSize = 512;

CheckpointSaved newest_weights(const Database& database, const RunRow& row) {
  if (const auto sound = sound_checkpoint(database, row.number)) return *sound;
  throw lost_weights(database, row,
                     fmt::format("run it again ({} --again)", repeat_command("", {&row, 1})));
}

// A folder that already holds files would mix them with the new ones.
void check_place(const fs::path& out) {
  std::error_code problem;
  if (fs::is_directory(out, problem) && !fs::is_empty(out, problem)) {
    throw Error(
        fmt::format("--out {}: the folder already holds files; name a new one", out.string()));
  }
  const auto extension = out.extension();
  if (!extension.empty() && extension != ".npz" && extension != ".png" &&
      !fs::is_directory(out, problem)) {
    throw Error(fmt::format(
        "--out {}: samples go to FILE.npz, to one picture FILE.png, or to a folder of pictures (a "
        "name without an extension)",
        out.string()));
  }
}

bool is_one_file(const fs::path& out) {
  return out.extension() == ".npz" || out.extension() == ".png";
}

void write_folder(const at::Tensor& pixels, std::int64_t first, const fs::path& folder) {
  for (std::int64_t i = 0; i < pixels.size(0); ++i) {
    write_file_atomically(folder / fmt::format("{:06}.png", first + i), encode_png(pixels[i]));
  }
}

at::Tensor picture(const at::Tensor& pixels) {
  const auto columns =
      static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(pixels.size(0)))));
  return image_grid(pixels, columns);
}

// samples: all of them, as pixels or points.
void write_file_of(const at::Tensor& samples, const Dataset& dataset, const fs::path& out) {
  const bool points = dataset.is_points();
  if (out.extension() == ".npz") {
    write_npz(out, {{points ? "features" : "arr_0", points ? samples : to_npz_images(samples)}});
    return;
  }
  const at::Tensor centres = dataset.modes ? dataset.modes->centres : at::Tensor();
  const at::Tensor image =
      points ? scatter_picture(samples, centres, kScatterSize) : picture(samples);
  write_file_atomically(out, encode_png(image));
}

}  // namespace

GenerativeModel& TrainedModel::generator() const {
  auto* generator = dynamic_cast<GenerativeModel*>(model.get());
  if (generator == nullptr)
    throw Error(fmt::format("{}: family '{}' generates nothing", label, definition.family));
  return *generator;
}

TrainedModel load_trained(const CommonOptions& common, const std::string& run,
                          const StoredChanges& changes, const std::string& device) {
  at::set_num_threads(common.threads);
  const Database database = Database::open_for_reading(common.database);
  const RunRow row = find_run(database, run);
  require_training(row);
  const CheckpointSaved weights = newest_weights(database, trained_run(database, row));
  TrainedModel trained{stored_definition(database, row, changes),
                       {},
                       nullptr,
                       fmt::format("run {} ({} seed {})", row.number, row.experiment, row.seed),
                       weights.sha256,
                       row.seed,
                       weights.images_seen};
  require_same_data(trained.definition, row);
  if (row.status != "complete" && !common.quiet) {
    fmt::print(stderr, "{} is {}: these are its weights after {} of {} images\n", trained.label,
               row.status, weights.images_seen, row.images_total);
  }
  trained.dataset = load_dataset_for(trained.definition);
  trained.model = build_model(trained.definition, row.seed, trained.dataset, pick_device(device));
  load_weights(weights.file, *trained.model);
  return trained;
}

TrainedModel load_imported(const CommonOptions& common, const ImportedWeights& weights,
                           const std::string& device) {
  at::set_num_threads(common.threads);
  TrainedModel trained{
      resolve_target(weights.definition, weights.set, /*smoke=*/false),
      {},
      nullptr,
      fmt::format("{} as {} (seed {})", weights.files, weights.definition, weights.seed),
      {},
      weights.seed};
  if (!weights.data.empty()) {
    trained.definition.values.at("dataset.path") = {absolute_path(weights.data).string(), "--data",
                                                    /*identity=*/false};
  }
  trained.dataset = load_dataset_for(trained.definition);
  trained.model =
      build_model(trained.definition, trained.seed, trained.dataset, pick_device(device));
  try {
    trained.weights_sha256 = read_networks(weights.files, trained.definition, *trained.model);
  } catch (const Error& problem) {
    // The same damage of a run's own weights would be that of assay's data.
    throw Error(problem.what(), ExitCode::kUsage);
  }
  return trained;
}

LatentStream scored_latents(const TrainedModel& trained) {
  return {sample_seed(trained.definition, trained.seed), kEvalNoise};
}

void draw_samples(const TrainedModel& trained, std::int64_t count, const LatentStream& latents,
                  const std::function<void(const at::Tensor&)>& sink) {
  const ConvolutionModeScope mode(convolution_mode_of(trained.definition));
  const torch::NoGradGuard no_grad;
  SampleRequest request;
  request.count = count;
  request.generator = make_generator(torch::kCPU, latents.seed, latents.name);
  request.batch_size = rows_at_a_time(trained.definition.integer("eval.batch_size"),
                                      trained.dataset.train.images.sizes().slice(1));
  request.sink = sink;
  trained.generator().sample(request);
}

namespace {

int sample_command(const SampleCommand& command) {
  const fs::path out = !command.out.empty() ? fs::path(command.out)
                       : command.definition.empty()
                           ? fs::path(fmt::format("run-{}.png", command.run))
                           : fs::path("samples.png");
  check_place(out);
  check_out_file(is_one_file(out) ? out : out / "000000.png");
  const TrainedModel trained =
      command.definition.empty()
          ? load_trained(command.common, command.run, {command.set, command.data}, command.device)
          : load_imported(command.common,
                          {command.run, command.definition, command.set, command.data},
                          command.device);
  const bool folder = !is_one_file(out);
  if (folder && trained.dataset.is_points()) {
    throw Error(fmt::format(
        "--out {}: points go to FILE.png or FILE.npz, not to a folder of images", out.string()));
  }
  std::int64_t done = 0;
  SampleKeeper kept({.count = command.count, .whole = !folder});
  draw_samples(trained, command.count, {.seed = command.seed}, [&](const at::Tensor& samples) {
    if (folder) {
      write_out([&] { write_folder(to_pixels(samples), done, out); });
    } else {
      kept.take(samples);
    }
    done += samples.size(0);
  });
  if (!folder) write_out([&] { write_file_of(kept.whole(), trained.dataset, out); });
  if (!command.common.quiet)
    fmt::print("{} samples of {}, drawn with seed {}: {}\n", command.count, trained.label,
               command.seed, out.string());
  return 0;
}

}  // namespace

void add_sample(App& app) {
  auto options = std::make_shared<SampleCommand>();
  CLI::App* sample = app.command("sample", "images from a run's weights",
                                 "assay sample 12 --count 64 --out samples.png");
  sample
      ->add_option("RUN", options->run,
                   "number or uuid prefix; with --definition FILE.safetensors, or the folder of "
                   "`assay export`")
      ->required();
  sample
      ->add_option("--definition", options->definition,
                   "the experiment that weights made elsewhere are of")
      ->check(not_empty);
  sample->add_option("--count", options->count, "how many")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  sample->add_option("--out", options->out, "a folder, FILE.png (one picture) or FILE.npz");
  sample
      ->add_option_function<std::string>(
          "--seed", [options](const std::string& text) { options->seed = parse_one_seed(text); },
          "of the latents")
      ->default_str("0");
  sample
      ->add_option("--set", options->set,
                   "sampler.key=value, or eval.weights=raw; with --definition any key")
      ->allow_extra_args(false);
  sample->add_option("--device", options->device, "auto, cpu or cuda")->capture_default_str();
  sample->add_option("--data", options->data, "where the run's data lie now")->check(not_empty);
  app.act(sample, [&app, options] {
    options->common = app.common();
    return sample_command(*options);
  });
}

}  // namespace assay
