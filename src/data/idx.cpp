// SPDX-License-Identifier: Apache-2.0
#include "data/idx.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <vector>

#include "data/gzip_reader.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30;
// Deflate cannot shrink more than this (RFC 1951: 258 bytes from two bits).
constexpr std::uint64_t kMaxDeflateRatio = 1032;

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
  GzipReader in(file, "IDX file");
  const IdxShape shape = read_shape(in, kind);
  auto bytes = at::empty(shape.sizes, at::kByte);
  in.read_exactly(bytes.mutable_data_ptr<std::uint8_t>(), shape.bytes, "data");
  in.expect_end(shape.bytes);
  return kind == IdxKind::kLabels ? bytes.to(at::kLong) : bytes.unsqueeze(1);
}

}  // namespace assay
