// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

struct gzFile_s;

namespace assay {

/// zlib's gzip reader; plain files pass unchanged. Every failure is an Error that names the file,
/// what is wrong, and that it is not a whole `kind` ("IDX file").
class GzipReader {
 public:
  GzipReader(const std::filesystem::path& file, std::string_view kind);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  void read_exactly(std::uint8_t* target, std::uint64_t bytes, std::string_view what);
  /// Throws if anything follows the `declared` bytes, or if the checksum is wrong.
  void expect_end(std::uint64_t declared);
  /// All that is left, checksum included; throws if that is more than `most` bytes.
  std::string read_to_end(std::uint64_t most);

  std::uint64_t compressed_bytes() const { return compressed_bytes_; }
  [[noreturn]] void fail(const std::string& why) const;

 private:
  void expect_good_checksum() const;
  [[noreturn]] void fail_with_reason() const;

  std::filesystem::path file_;
  std::string kind_;
  std::uint64_t compressed_bytes_ = 0;
  gzFile_s* gz_ = nullptr;
};

}  // namespace assay
