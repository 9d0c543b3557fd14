// SPDX-License-Identifier: Apache-2.0
#include "data/gzip_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{1} << 24;

}  // namespace

GzipReader::GzipReader(const std::filesystem::path& file, std::string_view kind)
    : file_(file), kind_(kind) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(file, problem)) fail("no such file");
  compressed_bytes_ = std::filesystem::file_size(file, problem);
  gz_ = gzopen(file.c_str(), "rbe");
  if (gz_ == nullptr) fail("cannot be read");
}

GzipReader::~GzipReader() {
  if (gz_ != nullptr) gzclose(gz_);
}

void GzipReader::read_exactly(std::uint8_t* target, std::uint64_t bytes, std::string_view what) {
  while (bytes > 0) {
    const int got = gzread(gz_, target, static_cast<unsigned>(std::min(bytes, kBlock)));
    if (got < 0) fail_with_reason();
    if (got == 0) fail(fmt::format("cut short: {} bytes of its {} are missing", bytes, what));
    target += got;
    bytes -= static_cast<std::uint64_t>(got);
  }
}

// Reading past the end is also what makes zlib compare the checksum.
void GzipReader::expect_end(std::uint64_t declared) {
  std::uint8_t extra = 0;
  const int got = gzread(gz_, &extra, 1);
  if (got > 0) fail(fmt::format("data go on after the {} bytes its header declares", declared));
  if (got < 0) fail_with_reason();
  expect_good_checksum();
}

std::string GzipReader::read_to_end(std::uint64_t most) {
  std::string content;
  while (true) {
    const std::size_t before = content.size();
    content.resize(before + kBlock);
    const int got = gzread(gz_, content.data() + before, static_cast<unsigned>(kBlock));
    if (got < 0) fail_with_reason();
    content.resize(before + static_cast<std::size_t>(got));
    if (content.size() > most) fail(fmt::format("more than {} bytes when decompressed", most));
    if (got == 0) break;
  }
  expect_good_checksum();
  return content;
}

void GzipReader::fail(const std::string& why) const {
  throw Error(fmt::format("{}: {}; not a whole {}, get it again", file_.string(), why, kind_));
}

void GzipReader::expect_good_checksum() const {
  int code = Z_OK;
  gzerror(gz_, &code);
  if (code != Z_OK) fail_with_reason();
}

void GzipReader::fail_with_reason() const {
  int code = Z_OK;
  fail(fmt::format("decompressing failed ({})", gzerror(gz_, &code)));
}

}  // namespace assay
