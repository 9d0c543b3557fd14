// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/commands/sample_command.h"
#include "cli/eval/eval_codes.h"
#include "cli/stored.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/near_miss.h"
#include "core/paths.h"
#include "data/batch_stream.h"
#include "data/class_names.h"
#include "data/image_folder.h"
#include "data/npz_dataset.h"
#include "data/resize.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/evaluation_inputs.h"
#include "harness/runner.h"
#include "harness/sample_keeper.h"
#include "harness/score_protocol.h"
#include "metrics/extractors/framed.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string_view bytes_of(const at::Tensor& contiguous) {
  return {static_cast<const char*>(contiguous.const_data_ptr()), contiguous.nbytes()};
}

std::vector<ImageGroup> one_group(const at::Tensor& images) {
  return {{images, at::arange(images.size(0), at::kLong)}};
}

EvalSource from_npz(const std::string& path) {
  const NpzFile file{fs::path(path)};
  EvalSource source;
  source.name = path;
  source.digest = sha256_of_file(path);
  try_to_read(source.unread, "images", [&] {
    if (const auto images = npz_images(file)) source.images = one_group(*images);
  });
  const auto rows_of = [&](const char* name, at::Tensor& rows) {
    try_to_read(source.unread, name, [&] { rows = npz_rows(file, name).value_or(at::Tensor()); });
  };
  rows_of("features", source.features);
  rows_of("logits", source.logits);
  rows_of("spatial", source.spatial);
  source.codes = npz_codes(file, source.unread);
  if (source.rows() == 0) {
    if (!source.unread.empty()) throw Error(source.unread.begin()->second);
    throw Error(fmt::format(
        "{}: holds none of 'features' (float [N,D]), 'logits' (float [N,K]), 'codes' (float "
        "[N,L]), 'arr_0' or 'images' (uint8 [N,H,W,C]); it holds {}",
        path, fmt::join(file.names(), ", ")));
  }
  try_to_read(source.unread, "labels", [&] {
    const auto labels = npz_labels(file, source.rows());
    if (labels.defined()) source.class_names = npz_class_names(file, labels);
    source.labels = labels;  // none without names that can be used
  });
  source.numbered = true;
  source.passed_over = file.passed_over();
  return source;
}

void name_classes(EvalSource& source, const ImageListing& listing) {
  source.class_names = listing.classes;
  source.other_files = listing.other_files;
  source.passed_over = passed_over(listing);
}

EvalSource from_folder(const std::string& folder, bool any_size) {
  EvalSource source;
  source.name = folder;
  if (any_size) {
    auto groups = read_image_groups(folder);
    source.images = std::move(groups.groups);
    source.labels = groups.labels;
    name_classes(source, groups.listing);
  } else {
    const auto read =
        read_image_folder(folder, 0, 0, "choose how to bring them to one size with --resize RULE");
    source.images = one_group(read.images);
    source.labels = read.labels;
    name_classes(source, read.listing);
  }
  Sha256 digest;
  for (const auto& group : source.images) {
    digest.update(c10::str(group.images.sizes())).update(digest_of(group.rows));
    digest.update(digest_of(group.images));
  }
  source.digest = digest.hex();
  return source;
}

EvalSource from_dataset(const std::string& text, std::size_t colon) {
  const std::string name = text.substr(0, colon), split = text.substr(colon + 1);
  const std::vector<std::string> splits = {"train", "test"};
  if (std::find(splits.begin(), splits.end(), split) == splits.end()) {
    throw Error(
        fmt::format("{}: '{}' is no split{}", text, split, suggestion(split, splits, "splits")));
  }
  DatasetRequest request;
  request.name = name;
  const Dataset dataset = load_dataset(request);
  const DataSplit& chosen = split == "train" ? dataset.train : dataset.test;
  EvalSource source;
  source.name = text;
  source.digest = chosen.digest;
  source.labels = chosen.labels;
  source.class_names = class_names(request);
  source.numbered = true;
  if (dataset.is_points()) {
    source.features = chosen.images;
  } else {
    source.images = one_group(chosen.images);
  }
  return source;
}

// In batches, as a run scores itself: 50,000 images of 256² would be 10 GB.
EvalSource from_run(const std::string& run, const EvalCommand& command,
                    const EvalReading& reading) {
  const TrainedModel trained = load_trained(
      command.common, run, {eval_settings(command.set).of_sampling, command.data}, command.device);
  const std::int64_t count =
      command.count > 0 ? command.count : trained.definition.integer("eval.generated");
  const bool points = trained.dataset.is_points();
  SampleKeeper kept(
      {.count = count, .extractor = !points && reading.extractor ? &reading.extractor() : nullptr});
  EvalSource source;
  Sha256 digest;
  const auto latents = command.seed ? LatentStream{.seed = *command.seed} : scored_latents(trained);
  const std::int64_t padding = trained.definition.integer("dataset.padding");
  draw_samples(trained, count, latents, [&](const at::Tensor& drawn) {
    const auto samples = points ? drawn : within_frame(drawn, padding);
    const auto rows = points ? samples.contiguous() : to_pixels(samples);
    digest.update(bytes_of(rows));
    if (!points) source.drawn_shape = rows[0].sizes().vec();
    kept.take(samples);
  });
  source.name = command.seed ? fmt::format("{}, samples of seed {}", trained.label, *command.seed)
                             : fmt::format("{}, the samples it is scored by", trained.label);
  source.drawn = true;
  source.sampling = sampling_protocol(trained.definition, trained.dataset.train.size());
  source.sampling["weights"] = scored_weights(trained.definition);
  const auto convolution =
      convolution_of_scores(trained.definition, trained.dataset, device_of(*trained.model));
  if (!convolution.empty()) source.sampling["convolution"] = convolution;
  source.digest = digest.hex();
  source.drawn_rows = count;
  if (points) {
    source.features = kept.whole();
  } else {
    const Features features = kept.features();
    source.features = features.features;
    source.logits = features.logits;
    source.spatial = features.spatial;
  }
  return source;
}

bool is_known_dataset(const std::string& name) {
  const auto& known = datasets();
  return std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
}

EvalSource with_sane_pixels(EvalSource source) {
  if (source.images.empty()) return source;
  PixelRange range;
  for (const auto& group : source.images) range.add(group.images);
  refuse_zeros_and_ones(range, source.name);
  // Of a model that collapsed this is a result.
  const auto blank = blank_pictures(range, source.name);
  if (!blank.empty()) source.remarks.push_back(blank);
  const auto dark = dark_pictures(range);
  if (blank.empty() && !dark.empty()) source.remarks.push_back(source.name + ": " + dark);
  return source;
}

}  // namespace

EvalSettings eval_settings(const std::vector<std::string>& set) {
  EvalSettings settings;
  for (const auto& one : set) {
    if (one.starts_with("eval.generated=")) {
      throw Error(fmt::format("--set {}: say it by --count", one));
    }
    (is_sampling_key(one.substr(0, one.find('='))) ? settings.of_sampling : settings.of_metrics)
        .push_back(one);
  }
  return settings;
}

std::string digest_of(const at::Tensor& tensor) {
  return Sha256().update(bytes_of(tensor.contiguous())).hex();
}

void check_kinds(const EvalSource& source) {
  const bool of_rows = source.features.defined() || source.logits.defined();
  if (source.drawn || !source.from_images() || !of_rows) return;
  throw Error(
      fmt::format("{}: holds images as well as features or logits; give one of them", source.name));
}

void check_pair(const EvalSource& one, const EvalSource& other) {
  if (one.from_images() != other.from_images()) {
    throw Error(fmt::format(
        "{} and {}: one holds images, the other features, which could come from another "
        "extractor",
        one.name, other.name));
  }
  if (one.channels() == other.channels()) return;
  throw Error(
      fmt::format("{} holds {} images, {} {} ones; convert one side, so that both mean the same",
                  one.name, one.channels() == 1 ? "grey" : "coloured", other.name,
                  other.channels() == 1 ? "grey" : "coloured"));
}

std::int64_t EvalSource::rows() const {
  std::int64_t count = drawn_rows;
  for (const auto& group : images) count += group.images.size(0);
  for (const at::Tensor& tensor : {features, logits, spatial, codes.means}) {
    if (count == 0 && tensor.defined()) count = tensor.size(0);
  }
  return count;
}

bool names_a_run(const std::string& source) {
  const bool digits =
      !source.empty() && source.find_first_not_of("0123456789abcdef-") == std::string::npos;
  return digits && !is_folder(source);
}

std::int64_t EvalSource::channels() const {
  if (!images.empty()) return images[0].images.size(1);
  return drawn_shape.empty() ? 0 : drawn_shape[0];
}

EvalSource load_eval_source(const std::string& text, const EvalCommand& command,
                            const EvalReading& reading) {
  if (is_folder(text)) return with_sane_pixels(from_folder(text, reading.any_size));
  const auto extension = ending_of(text);
  if (extension == ".npz" || extension == ".npy") return with_sane_pixels(from_npz(text));
  if (extension == ".safetensors") {
    throw Error(fmt::format(
        "{}: holds weights; say by --definition which experiment they are of, to score them",
        text));
  }
  if (extension == ".png" || extension == ".jpg" || extension == ".jpeg") {
    throw Error(fmt::format("{}: is one image; give the folder that holds them", text));
  }
  const auto colon = text.rfind(':');
  if (colon != std::string::npos) {
    const auto name = text.substr(0, colon);
    if (is_known_dataset(name)) return from_dataset(text, colon);
    std::vector<std::string> names;
    for (const auto& one : datasets()) names.emplace_back(one.name);
    throw Error(
        fmt::format("{}: '{}' is no data set{}", text, name, suggestion(name, names, "data sets")));
  }
  if (is_known_dataset(text))
    throw Error(fmt::format("{}: name its split too: {}:test or {}:train", text, text, text));
  if (!names_a_run(text)) {
    throw Error(fmt::format(
        "{}: no such folder, .npz or .npy file, and neither DATASET:SPLIT (see `assay data "
        "list`) nor the number or uuid of a run",
        text));
  }
  try {
    return from_run(text, command, reading);
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: no such folder, so taken as a run: {}", text, problem.what()),
                problem.code());
  }
}

}  // namespace assay
