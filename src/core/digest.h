// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace assay {

using Sha256Bytes = std::array<std::uint8_t, 32>;

/// Streaming SHA-256 (FIPS 180-4).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);
  /// Digest of everything so far. Call once.
  Sha256Bytes bytes();
  /// The same as 64 lower-case hex digits.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// 64 lower-case hex digits of SHA-256(text).
std::string sha256_hex(std::string_view text);

/// 64 lower-case hex digits of a file's content, read in blocks. Throws Error naming an unreadable
/// file.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace assay
