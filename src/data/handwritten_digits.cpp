// SPDX-License-Identifier: Apache-2.0
#include "data/handwritten_digits.h"

#include <tuple>

#include "data/csv_images.h"
#include "data/fetched_files.h"
#include "data/resize.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr FetchedSet kMnist5k{"mnist_5k", "mnist_5k.csv.gz"};
constexpr FetchedSet kDigits{"digits", "digits.csv.gz"};
constexpr std::int64_t kEveryFifth = 5;

Dataset load(const FetchedSet& set, std::string_view sha256, const CsvImages& rows,
             const DatasetRequest& request) {
  const auto file =
      require_digest(files_of(set), fetched_folder(set, request) / set.first_file, sha256);
  const DataSplit all = read_csv_images(file, rows);
  Dataset dataset;
  dataset.name = set.name;
  dataset.classes = rows.classes;
  std::tie(dataset.train, dataset.test) =
      apply_split(conform(all.images, request.size, request.channels), all.labels,
                  split_within_classes(all.labels, kEveryFifth));
  return dataset;
}

}  // namespace

Dataset load_mnist_5k(const DatasetRequest& request) {
  return load(kMnist5k, "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d",
              {.side = 28}, request);
}

std::optional<std::filesystem::path> locate_mnist_5k(const DatasetRequest& request) {
  return locate_fetched(kMnist5k, request);
}

Dataset load_digits(const DatasetRequest& request) {
  return load(kDigits, "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
              {.side = 8, .white = 16}, request);
}

std::optional<std::filesystem::path> locate_digits(const DatasetRequest& request) {
  return locate_fetched(kDigits, request);
}

}  // namespace assay
