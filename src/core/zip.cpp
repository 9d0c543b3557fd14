// SPDX-License-Identifier: Apache-2.0
#include "core/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <stdexcept>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kDirectorySignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kZip64LocatorSignature = 0x07064b50;
constexpr std::size_t kZip64EndBytes = 56 + 20;  // the Zip64 end record and its locator
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kDirectoryBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kMaxComment = 65535;
constexpr std::size_t kMaxEntries = 1024;
constexpr std::uint64_t kMaxDeflateRatio = 1032;
constexpr std::uint32_t kZip64 = 0xFFFFFFFF;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kVersion = 20;        // deflate
constexpr std::uint16_t kFirstDate = 0x0021;  // 1980-01-01

// Little-endian number of `width` bytes; the caller has checked that they are there.
std::uint32_t number(std::string_view bytes, std::size_t offset, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
  }
  return value;
}

void append(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    out.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
  }
}

std::uint32_t checksum(std::string_view bytes) {
  uLong crc = ::crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const auto block = bytes.substr(0, std::size_t{1} << 30);
    crc =
        ::crc32(crc, reinterpret_cast<const Bytef*>(block.data()), static_cast<uInt>(block.size()));
    bytes.remove_prefix(block.size());
  }
  return static_cast<std::uint32_t>(crc);
}

// Inflates raw deflate data that must give exactly `bytes` bytes; false if they do not.
bool inflate_exactly(std::string_view compressed, std::uint64_t bytes, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  // One byte more than declared: an entry that goes on is seen to, without inflating the rest.
  out.resize(bytes + 1);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = inflate(&stream, Z_FINISH);
  const bool whole = code == Z_STREAM_END && stream.total_out == bytes && stream.avail_in == 0;
  inflateEnd(&stream);
  out.resize(bytes);
  return whole;
}

std::string deflate_raw(std::string_view bytes) {
  z_stream stream{};
  constexpr int kMemoryLevel = 8;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib cannot start a deflate stream");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error("zlib did not finish a deflate stream");
  return out;
}

// The fields that the local header and the directory share, from "version needed" on.
std::string shared_fields(std::string_view name, std::string_view content, std::string_view packed,
                          std::uint16_t method) {
  std::string out;
  append(out, kVersion, 2);
  append(out, 0, 2);  // flags
  append(out, method, 2);
  append(out, 0, 2);  // time
  append(out, kFirstDate, 2);
  append(out, checksum(content), 4);
  append(out, packed.size(), 4);
  append(out, content.size(), 4);
  append(out, name.size(), 2);
  append(out, 0, 2);  // extra field
  return out;
}

}  // namespace

ZipReader::ZipReader(std::string_view bytes, std::string label)
    : bytes_(bytes), label_(std::move(label)) {
  read_directory();
}

void ZipReader::fail(const std::string& why) const {
  throw Error(
      fmt::format("{}: not a whole zip archive: {}; write or download it again", label_, why));
}

void ZipReader::read_directory() {
  if (bytes_.size() < kEndBytes) fail(fmt::format("it holds {} bytes", bytes_.size()));
  const std::size_t last = bytes_.size() - kEndBytes;
  const std::size_t first = last > kMaxComment ? last - kMaxComment : 0;
  std::size_t end = last + 1;
  while (end-- > first) {
    // The comment must reach exactly to the end of the file.
    if (number(bytes_, end, 4) == kEndSignature && number(bytes_, end + 20, 2) == last - end) break;
    if (end == first) fail("its directory is missing, as in a file that was cut short");
  }
  const std::size_t count = number(bytes_, end + 10, 2);
  const std::size_t size = number(bytes_, end + 12, 4);
  std::size_t offset = number(bytes_, end + 16, 4);
  if (number(bytes_, end + 4, 4) != 0 || number(bytes_, end + 8, 2) != count) {
    fail("it is spread over several files");
  }
  if (count > kMaxEntries) fail(fmt::format("{} entries, at most {} are read", count, kMaxEntries));
  if (end >= kZip64EndBytes && number(bytes_, end - 20, 4) == kZip64LocatorSignature) {
    end -= kZip64EndBytes;
  }
  if (offset > end || size != end - offset) fail("its directory is not where it should be");
  for (std::size_t i = 0; i < count; ++i) entries_.push_back(parse_entry(offset, end));
  if (offset != end) fail("its directory holds more than it declares");
}

ZipEntry ZipReader::parse_entry(std::size_t& offset, std::size_t end) const {
  if (end - offset < kDirectoryBytes || number(bytes_, offset, 4) != kDirectorySignature) {
    fail("its directory is damaged");
  }
  const std::size_t name_bytes = number(bytes_, offset + 28, 2);
  const std::size_t rest = number(bytes_, offset + 30, 2) + number(bytes_, offset + 32, 2);
  if (end - offset - kDirectoryBytes < name_bytes + rest) fail("its directory is damaged");
  ZipEntry entry;
  entry.name = std::string(bytes_.substr(offset + kDirectoryBytes, name_bytes));
  entry.method = static_cast<std::uint16_t>(number(bytes_, offset + 10, 2));
  entry.crc32 = number(bytes_, offset + 16, 4);
  entry.compressed_bytes = number(bytes_, offset + 20, 4);
  entry.bytes = number(bytes_, offset + 24, 4);
  entry.header_offset = number(bytes_, offset + 42, 4);
  if ((number(bytes_, offset + 8, 2) & 1) != 0) fail(entry.name + " is encrypted");
  if (entry.method != kStored && entry.method != kDeflated) {
    fail(fmt::format("{} is compressed by method {}, only 0 and 8 are read", entry.name,
                     entry.method));
  }
  if (entry.bytes == kZip64 || entry.compressed_bytes == kZip64) {
    fail(entry.name + " is larger than 4 GiB (Zip64)");
  }
  if (entry.bytes > entry.compressed_bytes * kMaxDeflateRatio) {
    fail(fmt::format("{} declares {} bytes, more than {} compressed bytes can hold", entry.name,
                     entry.bytes, entry.compressed_bytes));
  }
  offset += kDirectoryBytes + name_bytes + rest;
  return entry;
}

std::string_view ZipReader::data_of(const ZipEntry& entry) const {
  const std::size_t at = entry.header_offset;
  if (at > bytes_.size() || bytes_.size() - at < kLocalBytes ||
      number(bytes_, at, 4) != kLocalSignature) {
    fail(entry.name + " does not begin where the directory says");
  }
  const std::size_t skip = kLocalBytes + number(bytes_, at + 26, 2) + number(bytes_, at + 28, 2);
  if (bytes_.size() - at < skip || bytes_.size() - at - skip < entry.compressed_bytes) {
    fail(entry.name + " is cut short");
  }
  return bytes_.substr(at + skip, entry.compressed_bytes);
}

std::string ZipReader::read(const ZipEntry& entry) const {
  const auto data = data_of(entry);
  std::string content;
  if (entry.method == kStored) {
    if (entry.bytes != entry.compressed_bytes) fail(entry.name + " declares two lengths");
    content = std::string(data);
  } else if (!inflate_exactly(data, entry.bytes, content)) {
    fail(fmt::format("{} does not inflate to its {} bytes", entry.name, entry.bytes));
  }
  if (checksum(content) != entry.crc32) fail(entry.name + " fails its checksum");
  return content;
}

std::string write_zip(const std::vector<std::pair<std::string, std::string>>& files,
                      ZipMethod method) {
  const auto code = method == ZipMethod::kStore ? kStored : kDeflated;
  std::string out;
  std::string directory;
  for (const auto& [name, content] : files) {
    const std::string packed = code == kStored ? content : deflate_raw(content);
    const std::size_t offset = out.size();
    // kZip64 itself is the mark for "look elsewhere", so every number stays below it.
    if (content.size() >= kZip64 || packed.size() >= kZip64 || offset >= kZip64) {
      throw Error(fmt::format("{}: an archive over 4 GiB cannot be written; write fewer", name));
    }
    const std::string shared = shared_fields(name, content, packed, code);
    append(out, kLocalSignature, 4);
    out += shared + name + packed;
    append(directory, kDirectorySignature, 4);
    append(directory, kVersion, 2);
    directory += shared;
    append(directory, 0, 10);  // comment length, disk, internal and external attributes
    append(directory, offset, 4);
    directory += name;
  }
  const std::size_t start = out.size();
  out += directory;
  append(out, kEndSignature, 4);
  append(out, 0, 4);  // disks
  append(out, files.size(), 2);
  append(out, files.size(), 2);
  append(out, directory.size(), 4);
  append(out, start, 4);
  append(out, 0, 2);  // comment
  return out;
}

}  // namespace assay
