// SPDX-License-Identifier: Apache-2.0
#include "data/orl_faces.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "data/fetched_files.h"
#include "data/pgm.h"
#include "data/resize.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr FetchedSet kOrlFaces{"orl_faces", "s1/1.pgm"};
constexpr std::int64_t kPeople = 40, kPictures = 10, kTrained = 8;
constexpr std::int64_t kHeight = 112, kWidth = 92;
constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::string_view kDigest =
    "35f55065a3e2c0364945c7324912a7b7c15c8b3a97d06f07ec943de05a11f7c9";

std::string picture_name(std::int64_t row) {
  return fmt::format("s{}/{}.pgm", row / kPictures + 1, row % kPictures + 1);
}

// In files whose header has them, every LF was written as CR LF, among the pixels too, except where
// a CR came before it anyway. Two files have one such place; which of their pairs it is shows in
// the picture, whose rows are shifted with any other choice (counted from 0, the header's left
// out).
struct KeptPair {
  std::string_view name;
  int pair;
};
constexpr std::array<KeptPair, 2> kKeptPairs{{{"s8/10.pgm", 3}, {"s9/8.pgm", 9}}};

std::string with_line_feeds(std::string_view bytes, std::string_view name) {
  constexpr int kHeaderLines = 3;
  const auto known = std::find_if(kKeptPairs.begin(), kKeptPairs.end(),
                                  [&](const KeptPair& one) { return one.name == name; });
  const int kept = known == kKeptPairs.end() ? -1 : kHeaderLines + known->pair;
  std::string restored;
  int pair = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool is_pair = bytes.substr(i, 2) == "\r\n";
    if (!is_pair || pair == kept) restored += bytes[i];
    if (is_pair) ++pair;
  }
  return restored;
}

at::Tensor read_picture(const std::filesystem::path& folder, const std::string& name) {
  const auto file = require_file(files_of(kOrlFaces), folder / name);
  std::string bytes = read_file(file, kMaxFileBytes);
  if (bytes.starts_with("P5\r\n")) bytes = with_line_feeds(bytes, name);
  auto picture = decode_pgm(bytes, file.string());
  if (picture.size(1) != kHeight || picture.size(2) != kWidth) {
    throw Error(fmt::format("{}: is {}x{} instead of {}x{}; {}", file.string(), picture.size(2),
                            picture.size(1), kWidth, kHeight, files_of(kOrlFaces).how_to_get));
  }
  return picture;
}

}  // namespace

std::string orl_faces_digest(const std::filesystem::path& folder) {
  Sha256 list;
  for (std::int64_t row = 0; row < kPeople * kPictures; ++row) {
    const auto name = picture_name(row);
    const auto file = require_file(files_of(kOrlFaces), folder / name);
    list.update(fmt::format("{}  {}\n", sha256_of_file(file), name));
  }
  return list.hex();
}

std::optional<std::filesystem::path> locate_orl_faces(const DatasetRequest& request) {
  return locate_fetched(kOrlFaces, request);
}

Dataset load_orl_faces(const DatasetRequest& request) {
  const auto folder = fetched_folder(kOrlFaces, request);
  std::vector<at::Tensor> pictures;
  SplitRows rows;
  for (std::int64_t row = 0; row < kPeople * kPictures; ++row) {
    pictures.push_back(read_picture(folder, picture_name(row)));
    (row % kPictures < kTrained ? rows.train : rows.test).push_back(row);
  }
  const std::string digest = orl_faces_digest(folder);
  if (digest != kDigest) {
    throw Error(
        fmt::format("{}: its pictures are not those of ORL: SHA-256 of their digests {} "
                    "instead of {}; {}",
                    folder.string(), digest, kDigest, files_of(kOrlFaces).how_to_get));
  }
  Dataset dataset;
  dataset.name = "orl_faces";
  dataset.classes = kPeople;
  const auto labels = at::arange(kPeople, at::kLong).repeat_interleave(kPictures);
  std::tie(dataset.train, dataset.test) =
      apply_split(conform(at::stack(pictures), request.size, request.channels), labels, rows);
  return dataset;
}

}  // namespace assay
