// SPDX-License-Identifier: Apache-2.0
#include "data/csv_images.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "data/gzip_reader.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;

// One line of the file, for values and for messages.
struct Line {
  const std::filesystem::path& file;
  std::size_t number;
  std::string_view text;

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("{}: line {}: {}; get the file again", file.string(), number, why));
  }

  // The value that starts at `from`, which moves behind the comma after it.
  std::int64_t value(std::size_t& from, std::int64_t largest) const {
    const auto end = std::min(text.find(',', from), text.size());
    const auto word = text.substr(from, end - from);
    std::int64_t value = -1;
    const auto [last, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc() || last != word.data() + word.size() || value < 0 ||
        value > largest) {
      fail(fmt::format("'{:.40}' is no whole number from 0 to {}", word, largest));
    }
    from = end + 1;
    return value;
  }
};

void read_line(const Line& line, const CsvImages& rows, std::vector<std::uint8_t>& pixels,
               std::vector<std::int64_t>& labels) {
  const std::int64_t wanted = rows.side * rows.side + 1;
  const auto found = std::count(line.text.begin(), line.text.end(), ',') + 1;
  if (found != wanted) {
    line.fail(fmt::format("holds {} values instead of {} ({}x{} pixels and a class)", found, wanted,
                          rows.side, rows.side));
  }
  std::size_t from = 0;
  for (std::int64_t i = 0; i + 1 < wanted; ++i) {
    const auto value = line.value(from, rows.white);
    pixels.push_back(static_cast<std::uint8_t>((value * 255 + rows.white / 2) / rows.white));
  }
  labels.push_back(line.value(from, rows.classes - 1));
}

}  // namespace

DataSplit read_csv_images(const std::filesystem::path& file, const CsvImages& rows) {
  TORCH_CHECK(rows.side > 0 && rows.white > 0 && rows.white <= 255 && rows.classes > 0,
              "read_csv_images: side ", rows.side, ", white ", rows.white);
  const std::string content = GzipReader(file, "CSV file").read_to_end(kMaxBytes);
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  const std::string_view text = content;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    read_line({file, ++number, line}, rows, pixels, labels);
    begin = end + 1;
  }
  if (labels.empty()) throw Error(fmt::format("{}: holds no rows; get it again", file.string()));
  const auto count = static_cast<std::int64_t>(labels.size());
  return {at::tensor(at::ArrayRef<std::uint8_t>(pixels), at::kByte)
              .view({count, 1, rows.side, rows.side}),
          at::tensor(labels, at::kLong), ""};
}

}  // namespace assay
