// SPDX-License-Identifier: Apache-2.0
#include "data/idx.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30;
// Deflate cannot shrink more than this (RFC 1951: 258 bytes from two bits).
constexpr std::uint64_t kMaxDeflateRatio = 1032;

// zlib's gzip reader; plain files pass unchanged.
class GzipReader {
 public:
  explicit GzipReader(const std::filesystem::path& file) : file_(file) {
    std::error_code problem;
    if (!std::filesystem::is_regular_file(file, problem)) fail("no such file");
    compressed_bytes_ = std::filesystem::file_size(file, problem);
    gz_ = gzopen(file.c_str(), "rbe");
    if (gz_ == nullptr) fail("cannot be read");
  }
  ~GzipReader() {
    if (gz_ != nullptr) gzclose(gz_);
  }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  void read_exactly(std::uint8_t* target, std::uint64_t bytes, std::string_view what) {
    while (bytes > 0) {
      const auto block = static_cast<unsigned>(std::min<std::uint64_t>(bytes, 1U << 24));
      const int got = gzread(gz_, target, block);
      if (got < 0) fail_with_reason();
      if (got == 0) fail(fmt::format("cut short: {} bytes of its {} are missing", bytes, what));
      target += got;
      bytes -= static_cast<std::uint64_t>(got);
    }
  }

  // Reading past the end is also what makes zlib compare the checksum.
  void expect_end(std::uint64_t declared) {
    std::uint8_t extra = 0;
    const int got = gzread(gz_, &extra, 1);
    if (got > 0) fail(fmt::format("data go on after the {} bytes its header declares", declared));
    if (got < 0) fail_with_reason();
    int code = Z_OK;
    gzerror(gz_, &code);
    if (code != Z_OK) fail_with_reason();
  }

  std::uint64_t compressed_bytes() const { return compressed_bytes_; }

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("{}: {}; not a whole IDX file, get it again", file_.string(), why));
  }

 private:
  [[noreturn]] void fail_with_reason() const {
    int code = Z_OK;
    fail(fmt::format("decompressing failed ({})", gzerror(gz_, &code)));
  }

  std::filesystem::path file_;
  std::uint64_t compressed_bytes_ = 0;
  gzFile gz_ = nullptr;
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
         (std::uint32_t{bytes[2]} << 8) | std::uint32_t{bytes[3]};
}

struct IdxShape {
  std::vector<std::int64_t> sizes;
  std::uint64_t bytes = 1;
};

IdxShape read_shape(GzipReader& in, IdxKind kind) {
  const auto dimensions = static_cast<std::size_t>(kind);
  std::array<std::uint8_t, 16> header{};
  in.read_exactly(header.data(), 4, "header");
  const std::uint32_t expected = 0x00000800U | static_cast<std::uint32_t>(dimensions);
  if (big_endian(header.data()) != expected) {
    in.fail(fmt::format("its magic number is 0x{:08x} instead of 0x{:08x}",
                        big_endian(header.data()), expected));
  }
  in.read_exactly(header.data() + 4, 4 * dimensions, "header");
  IdxShape shape;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const std::uint64_t size = big_endian(header.data() + 4 + 4 * i);
    if (size == 0 || size > kMaxBytes / shape.bytes)
      in.fail("its header declares an impossible size");
    shape.bytes *= size;
    shape.sizes.push_back(static_cast<std::int64_t>(size));
  }
  // Checked before anything of that size is allocated.
  if (shape.bytes > in.compressed_bytes() * kMaxDeflateRatio) {
    in.fail(fmt::format("its header declares {} bytes, more than {} compressed bytes can hold",
                        shape.bytes, in.compressed_bytes()));
  }
  return shape;
}

}  // namespace

at::Tensor read_idx(const std::filesystem::path& file, IdxKind kind) {
  GzipReader in(file);
  const IdxShape shape = read_shape(in, kind);
  auto bytes = at::empty(shape.sizes, at::kByte);
  in.read_exactly(bytes.mutable_data_ptr<std::uint8_t>(), shape.bytes, "data");
  in.expect_end(shape.bytes);
  return kind == IdxKind::kLabels ? bytes.to(at::kLong) : bytes.unsqueeze(1);
}

}  // namespace assay
