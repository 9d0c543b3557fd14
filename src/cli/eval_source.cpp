// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/eval_codes.h"
#include "cli/sample_command.h"
#include "cli/stored.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "data/image_folder.h"
#include "data/npz.h"
#include "families/registry.h"
#include "harness/sample_keeper.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::vector<ImageGroup> one_group(const at::Tensor& images) {
  return {{images, at::arange(images.size(0), at::kLong)}};
}

EvalSource from_npz(const std::string& file) {
  const NpzArrays arrays = read_npz(file);
  EvalSource source;
  source.name = file;
  source.digest = sha256_of_file(file);
  if (const auto images = npz_images(arrays, file)) source.images = one_group(*images);
  source.features = npz_rows(arrays, "features", file).value_or(at::Tensor());
  source.logits = npz_rows(arrays, "logits", file).value_or(at::Tensor());
  source.spatial = npz_rows(arrays, "spatial", file).value_or(at::Tensor());
  source.codes = npz_codes(arrays, file);
  if (source.rows() == 0) {
    throw Error(fmt::format(
        "{}: holds none of 'features' (float [N,D]), 'logits' (float [N,K]), 'codes' (float "
        "[N,L]), 'arr_0' or 'images' (uint8 [N,H,W,C])",
        file));
  }
  source.labels = npz_labels(arrays, source.rows(), file);
  return source;
}

EvalSource from_folder(const std::string& folder, bool any_size) {
  EvalSource source;
  source.name = folder;
  if (any_size) {
    auto groups = read_image_groups(folder);
    source.images = std::move(groups.groups);
    source.labels = groups.labels;
  } else {
    const auto read =
        read_image_folder(folder, 0, 0, "choose how to bring them to one size with --resize RULE");
    source.images = one_group(read.images);
    source.labels = read.labels;
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
  if (dataset.is_points()) {
    source.features = chosen.images;
  } else {
    source.images = one_group(chosen.images);
  }
  return source;
}

EvalSource from_run(const std::string& run, const EvalCommand& command) {
  const TrainedModel trained = load_trained(
      command.common, run, {eval_settings(command.set).of_sampling, command.data}, command.device);
  const std::int64_t count =
      command.count > 0 ? command.count : trained.definition.integer("eval.generated");
  SampleKeeper kept({.count = count, .whole = true});
  draw_samples(trained, count, command.seed,
               [&](const at::Tensor& samples) { kept.take(samples); });
  EvalSource source;
  source.name = fmt::format("{}, samples of seed {}", trained.label, command.seed);
  source.drawn = true;
  source.sampling = sampling_protocol(trained.definition, trained.dataset.train.size());
  source.sampling["weights"] = scored_weights(trained.definition);
  source.digest = digest_of(kept.whole());
  if (trained.dataset.is_points()) {
    source.features = kept.whole();
  } else {
    source.images = one_group(kept.whole());
  }
  return source;
}

bool is_known_dataset(const std::string& name) {
  const auto& known = datasets();
  return std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
}

bool looks_like_a_run(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

}  // namespace

EvalSettings eval_settings(const std::vector<std::string>& set) {
  EvalSettings settings;
  for (const auto& one : set) {
    (is_sampling_key(one.substr(0, one.find('='))) ? settings.of_sampling : settings.of_metrics)
        .push_back(one);
  }
  return settings;
}

std::string digest_of(const at::Tensor& tensor) {
  const at::Tensor bytes = tensor.contiguous();
  return Sha256()
      .update(std::string_view(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()))
      .hex();
}

std::int64_t EvalSource::rows() const {
  std::int64_t count = 0;
  for (const auto& group : images) count += group.images.size(0);
  for (const at::Tensor& tensor : {features, logits, spatial, codes.codes}) {
    if (count == 0 && tensor.defined()) count = tensor.size(0);
  }
  return count;
}

EvalSource load_eval_source(const std::string& text, const EvalCommand& command, bool any_size) {
  if (fs::is_directory(text)) return from_folder(text, any_size);
  const auto extension = fs::path(text).extension();
  if (extension == ".npz") return from_npz(text);
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
  if (!looks_like_a_run(text)) {
    throw Error(
        fmt::format("{}: no such folder or .npz file, and neither DATASET:SPLIT (see `assay data "
                    "list`) nor the number or uuid of a run",
                    text));
  }
  try {
    return from_run(text, command);
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: no such folder, so taken as a run: {}", text, problem.what()),
                problem.code());
  }
}

}  // namespace assay
