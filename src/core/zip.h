// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct zip;
struct zip_file;

namespace assay {

/// One file of a zip archive, as its central directory describes it.
struct ZipEntry {
  std::string name;
  std::uint64_t index = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t bytes = 0;
  std::string unreadable = {};  ///< why open() refuses it
};

/// The content of one entry, from front to end.
class ZipStream {
 public:
  ZipStream(zip* archive, const ZipEntry& entry, std::string label);
  ~ZipStream();
  ZipStream(const ZipStream&) = delete;
  ZipStream& operator=(const ZipStream&) = delete;

  /// Fills all of `target`. Throws Error if the entry ends before or is damaged.
  void read(std::span<char> target);
  /// Throws Error if the content goes on, or fails its checksum.
  void expect_end();

 private:
  std::uint64_t read_some(std::span<char> target);
  [[noreturn]] void fail(const std::string& why) const;

  std::string label_, name_;
  zip_file* file_ = nullptr;
};

/// Reads zip archives by libzip, Zip64 too: stored and deflated entries, none encrypted.
/// Constructors and streams throw Error naming the file, or `label`, for damage, truncation, a
/// failed checksum, more than 2^20 entries, or an entry that declares more than its compressed
/// bytes can hold. An entry that is packed or encrypted in another way stands in no other's way.
class ZipReader {
 public:
  explicit ZipReader(const std::filesystem::path& file);
  /// The bytes must outlive it.
  ZipReader(std::string_view bytes, std::string label);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Throws Error for an entry that cannot be read.
  ZipStream open(const ZipEntry& entry) const;
  /// Its whole content.
  std::string read(const ZipEntry& entry) const;

 private:
  void read_directory();
  [[noreturn]] void fail(const std::string& why) const;

  struct Closing {
    void operator()(zip* archive) const;
  };

  std::string label_;
  std::unique_ptr<zip, Closing> archive_;
  std::vector<ZipEntry> entries_;
};

enum class ZipMethod { kStore, kDeflate };

/// A zip archive of (name, content) pairs in the order given, Zip64 where it must be; dated
/// 1980-01-01, so that the same content gives the same bytes.
std::string write_zip(const std::vector<std::pair<std::string, std::string>>& files,
                      ZipMethod method);

}  // namespace assay
