// SPDX-License-Identifier: Apache-2.0
#include "data/mnist.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "data/idx.h"
#include "data/resize.h"
#include "data/set_files.h"
#include "data/split.h"

namespace assay {
namespace {

// "train-images.idx3-ubyte" of "train-images-idx3-ubyte"
std::string dotted_name(std::string_view name) {
  std::string dotted(name);
  dotted[dotted.rfind("-idx")] = '.';
  return dotted;
}

// The known file under any of the names it goes by; nothing if there is none.
std::optional<std::filesystem::path> find_in(const std::filesystem::path& folder,
                                             const MnistFile& known) {
  std::error_code problem;
  for (const bool dotted : {false, true}) {
    for (const char* ending : {".gz", ""}) {
      const auto file =
          folder / ((dotted ? dotted_name(known.name) : std::string(known.name)) + ending);
      if (std::filesystem::is_regular_file(file, problem)) return file;
    }
  }
  return std::nullopt;
}

std::filesystem::path checked(const MnistSet& set, const std::filesystem::path& folder,
                              const MnistFile& known) {
  const SetFiles files{std::string(set.title), std::string(set.how_to_get)};
  const auto file = find_in(folder, known).value_or(folder / (std::string(known.name) + ".gz"));
  return require_digest(files, file, file.extension() == ".gz" ? known.gz_sha256 : known.sha256);
}

DataSplit load_split(const MnistSet& set, const std::filesystem::path& folder, std::size_t first,
                     const DatasetRequest& request) {
  auto images = read_idx(checked(set, folder, set.files[first]), IdxKind::kImages);
  const auto labels = read_idx(checked(set, folder, set.files[first + 1]), IdxKind::kLabels);
  return make_split(conform(images, request.size, request.channels), labels);
}

// The sets' files have the same names: where a folder was not named for this one, its smaller file
// of training labels tells which set it holds.
bool holds(const MnistSet& set, const std::filesystem::path& folder, bool named) {
  if (!find_in(folder, set.files[0])) return false;
  const auto labels = find_in(folder, set.files[1]);
  if (named || !labels) return true;
  try {
    const auto digest = sha256_of_file(*labels);
    return digest == set.files[1].gz_sha256 || digest == set.files[1].sha256;
  } catch (const Error&) {
    return false;  // It is closed to this user, so nothing can be loaded from it.
  }
}

std::optional<std::filesystem::path> locate(const MnistSet& set, const DatasetRequest& request) {
  for (const auto& folder : candidate_folders(request, set.folder, set.system_folder)) {
    if (holds(set, folder, !request.path.empty())) return folder;
  }
  return std::nullopt;
}

Dataset load(const MnistSet& set, const DatasetRequest& request) {
  const auto folders = candidate_folders(request, set.folder, set.system_folder);
  if (folders.empty()) {
    throw Error(fmt::format("{} is not on this machine; {}", set.title, set.how_to_get));
  }
  Dataset dataset;
  dataset.name = set.name;
  dataset.classes = 10;
  // Where nothing was found, the last place looked at is the one the message names.
  const auto where = locate(set, request).value_or(folders.back());
  dataset.train = load_split(set, where, 0, request);
  dataset.test = load_split(set, where, 2, request);
  return dataset;
}

}  // namespace

// The digests of MNIST are those by which public downloaders check the four files.
const MnistSet kMnist{
    "mnist",
    "MNIST",
    "mnist",
    "",
    "no package holds it: name a folder with its four files in dataset.path or ASSAY_DATA",
    {{{"train-images-idx3-ubyte",
       "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
       "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
      {"train-labels-idx1-ubyte",
       "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
       "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
      {"t10k-images-idx3-ubyte", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
       "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
      {"t10k-labels-idx1-ubyte", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
       "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}}}};

const MnistSet kFashionMnist{
    "fashion_mnist",
    "Fashion-MNIST",
    "fashion-mnist",
    "/usr/share/datasets/fashion-mnist",
    "get it with `apt-get install dataset-fashion-mnist`, or name its folder in dataset.path or "
    "ASSAY_DATA",
    {{{"train-images-idx3-ubyte",
       "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
       "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
      {"train-labels-idx1-ubyte",
       "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
       "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
      {"t10k-images-idx3-ubyte", "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
       "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
      {"t10k-labels-idx1-ubyte", "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
       "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}}}};

std::optional<std::filesystem::path> locate_mnist(const DatasetRequest& request) {
  return locate(kMnist, request);
}

std::optional<std::filesystem::path> locate_fashion_mnist(const DatasetRequest& request) {
  return locate(kFashionMnist, request);
}

Dataset load_mnist(const DatasetRequest& request) { return load(kMnist, request); }

Dataset load_fashion_mnist(const DatasetRequest& request) { return load(kFashionMnist, request); }

}  // namespace assay
