// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/sample_command.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "data/batch_stream.h"
#include "data/image_folder.h"
#include "data/npz.h"
#include "harness/environment.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string digest_of(const at::Tensor& tensor) {
  const at::Tensor bytes = tensor.contiguous();
  return Sha256()
      .update(std::string_view(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()))
      .hex();
}

EvalSource from_npz(const std::string& file) {
  const NpzArrays arrays = read_npz(file);
  EvalSource source{file, {}, {}, {}, sha256_of_file(file)};
  source.images = npz_images(arrays, file).value_or(at::Tensor());
  source.features = npz_rows(arrays, "features", file).value_or(at::Tensor());
  source.logits = npz_rows(arrays, "logits", file).value_or(at::Tensor());
  if (!source.images.defined() && !source.features.defined() && !source.logits.defined()) {
    throw Error(fmt::format(
        "{}: holds none of 'features' (float [N,D]), 'logits' (float [N,K]), 'arr_0' or "
        "'images' (uint8 [N,H,W,C])",
        file));
  }
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
  if (dataset.is_points()) return {text, {}, chosen.images, {}, chosen.digest};
  return {text, chosen.images, {}, {}, chosen.digest};
}

EvalSource from_run(const std::string& run, const EvalCommand& command) {
  const TrainedModel trained = load_trained(command.common, run, {}, "auto");
  const std::int64_t count =
      command.count > 0 ? command.count : trained.definition.integer("eval.generated");
  SampleOptions options;
  options.batch_size = trained.definition.integer("eval.batch_size");
  const torch::NoGradGuard no_grad;
  const at::Tensor samples = trained.generator().sample(
      count, options, make_generator(torch::kCPU, command.seed, "sample"));
  const std::string label = fmt::format("{}, samples of seed {}", trained.label, command.seed);
  if (trained.dataset.is_points()) return {label, {}, samples, {}, digest_of(samples)};
  const at::Tensor pixels = to_pixels(samples);
  return {label, pixels, {}, {}, digest_of(pixels)};
}

bool is_known_dataset(const std::string& name) {
  const auto& known = datasets();
  return std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
}

bool looks_like_a_run(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

}  // namespace

EvalSource load_eval_source(const std::string& text, const EvalCommand& command) {
  if (fs::is_directory(text)) {
    const at::Tensor images = read_image_folder(text, 0, 0).images;
    return {text, images, {}, {}, digest_of(images)};
  }
  if (fs::path(text).extension() == ".npz") return from_npz(text);
  const auto colon = text.rfind(':');
  if (colon != std::string::npos && is_known_dataset(text.substr(0, colon)))
    return from_dataset(text, colon);
  if (is_known_dataset(text))
    throw Error(fmt::format("{}: name its split too: {}:test or {}:train", text, text, text));
  if (looks_like_a_run(text)) return from_run(text, command);
  throw Error(fmt::format(
      "{}: no such folder or .npz file, and neither DATASET:SPLIT (see `assay data list`) nor the "
      "number or uuid of a run",
      text));
}

}  // namespace assay
