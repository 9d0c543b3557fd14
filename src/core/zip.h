// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

/// One file of a zip archive, as its central directory describes it.
struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t crc32 = 0;
  std::uint64_t compressed_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t header_offset = 0;
};

/// Reads zip archives (PKWARE APPNOTE 6.3: stored and deflated entries; no encryption, one disk,
/// nothing of 4 GiB; the Zip64 end record that torch.save always writes is passed over). The bytes
/// must outlive it. Constructor and read() throw Error naming `label` for damage, truncation, a
/// failed checksum, more than 1024 entries, or an entry that declares more than its compressed
/// bytes can hold.
class ZipReader {
 public:
  ZipReader(std::string_view bytes, std::string label);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  std::string read(const ZipEntry& entry) const;

 private:
  void read_directory();
  ZipEntry parse_entry(std::size_t& offset, std::size_t end) const;
  std::string_view data_of(const ZipEntry& entry) const;
  [[noreturn]] void fail(const std::string& why) const;

  std::string_view bytes_;
  std::string label_;
  std::vector<ZipEntry> entries_;
};

enum class ZipMethod { kStore, kDeflate };

/// A zip archive of (name, content) pairs in the order given; dated 1980-01-01, so that the same
/// content gives the same bytes.
std::string write_zip(const std::vector<std::pair<std::string, std::string>>& files,
                      ZipMethod method);

}  // namespace assay
