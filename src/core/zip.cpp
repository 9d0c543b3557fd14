// SPDX-License-Identifier: Apache-2.0
#include "core/zip.h"

#include <fmt/format.h>
#include <zip.h>

#include <stdexcept>

#include "core/error.h"
#include "core/folder.h"

namespace assay {
namespace {

constexpr std::int64_t kMaxEntries = 1 << 20;
// Deflate cannot shrink more than this (RFC 1951: 258 bytes from two bits).
constexpr std::uint64_t kMaxDeflateRatio = 1032;
constexpr std::uint32_t kDeflateLevel = 6;    // zlib's own default; libzip's is 9
constexpr std::uint16_t kFirstDate = 0x0021;  // 1980-01-01

[[noreturn]] void fail_with(const std::string& label, const std::string& why) {
  throw Error(
      fmt::format("{}: not a whole zip archive: {}; write or download it again", label, why));
}

std::string text_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

// libzip's archive that is being written into memory.
class MemoryArchive {
 public:
  MemoryArchive() : source_(zip_source_buffer_create(nullptr, 0, 0, nullptr)) {
    // The archive takes its source with it when it is closed.
    zip_source_keep(source_);
    archive_ = zip_open_from_source(source_, ZIP_TRUNCATE, nullptr);
    check(archive_ != nullptr);
  }
  ~MemoryArchive() {
    if (archive_ != nullptr) zip_discard(archive_);
    zip_source_free(source_);
  }
  MemoryArchive(const MemoryArchive&) = delete;
  MemoryArchive& operator=(const MemoryArchive&) = delete;

  void add(const std::string& name, const std::string& content, ZipMethod method) {
    zip_source_t* data = zip_source_buffer(archive_, content.data(), content.size(), 0);
    const auto added = zip_file_add(archive_, name.c_str(), data, ZIP_FL_ENC_UTF_8);
    check(added >= 0);
    const auto index = static_cast<zip_uint64_t>(added);
    const bool deflate = method == ZipMethod::kDeflate;
    check(zip_set_file_compression(archive_, index, deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                                   kDeflateLevel) == 0);
    check(zip_file_set_dostime(archive_, index, 0, kFirstDate, 0) == 0);
  }

  std::string bytes() {
    check(zip_close(archive_) == 0);
    archive_ = nullptr;
    zip_stat_t stat;
    check(zip_source_open(source_) == 0 && zip_source_stat(source_, &stat) == 0);
    std::string content(stat.size, '\0');
    check(zip_source_read(source_, content.data(), stat.size) ==
          static_cast<zip_int64_t>(stat.size));
    zip_source_close(source_);
    return content;
  }

 private:
  static void check(bool fine) {
    if (!fine) throw std::runtime_error("libzip cannot write an archive into memory");
  }

  zip_source_t* source_ = nullptr;
  zip_t* archive_ = nullptr;
};

}  // namespace

ZipStream::ZipStream(zip* archive, const ZipEntry& entry, std::string label)
    : label_(std::move(label)), name_(entry.name), file_(zip_fopen_index(archive, entry.index, 0)) {
  if (file_ == nullptr) fail(fmt::format("cannot be read ({})", zip_strerror(archive)));
}

ZipStream::~ZipStream() { zip_fclose(file_); }

void ZipStream::fail(const std::string& why) const { fail_with(label_, name_ + " " + why); }

std::uint64_t ZipStream::read_some(std::span<char> target) {
  const auto got = zip_fread(file_, target.data(), target.size());
  if (got >= 0) return static_cast<std::uint64_t>(got);
  zip_error_t* error = zip_file_get_error(file_);
  if (zip_error_code_zip(error) == ZIP_ER_CRC) fail("fails its checksum");
  fail(fmt::format("cannot be read ({})", zip_error_strerror(error)));
}

void ZipStream::read(std::span<char> target) {
  while (!target.empty()) {
    const auto got = read_some(target);
    if (got == 0) fail("is shorter than it declares");
    target = target.subspan(got);
  }
}

void ZipStream::expect_end() {
  // libzip compares the checksum when it comes to the end.
  char more = 0;
  if (read_some({&more, 1}) != 0) fail("is longer than it declares");
}

ZipReader::ZipReader(const std::filesystem::path& file) : label_(file.string()) {
  if (!path_exists(file)) throw Error(fmt::format("{}: no such file", label_));
  if (!is_file(file)) throw Error(fmt::format("{}: is no regular file", label_));
  int problem = 0;
  archive_.reset(zip_open(file.c_str(), ZIP_RDONLY, &problem));
  if (archive_ == nullptr) fail(text_of(problem));
  read_directory();
}

ZipReader::ZipReader(std::string_view bytes, std::string label) : label_(std::move(label)) {
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, nullptr);
  zip_error_t problem;
  zip_error_init(&problem);
  archive_.reset(zip_open_from_source(source, ZIP_RDONLY, &problem));
  const std::string why = zip_error_strerror(&problem);
  zip_error_fini(&problem);
  if (archive_ == nullptr) {
    zip_source_free(source);
    fail(why);
  }
  read_directory();
}

void ZipReader::Closing::operator()(zip* archive) const { zip_discard(archive); }

void ZipReader::fail(const std::string& why) const { fail_with(label_, why); }

void ZipReader::read_directory() {
  const auto count = zip_get_num_entries(archive_.get(), 0);
  // libzip takes a file of no bytes for an archive of no entries.
  if (count == 0) fail("it holds nothing");
  if (count > kMaxEntries) fail(fmt::format("{} entries, at most {} are read", count, kMaxEntries));
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive_.get(), i, ZIP_FL_ENC_RAW, &stat) != 0)
      fail(zip_strerror(archive_.get()));
    ZipEntry entry{stat.name, i, stat.comp_size, stat.size};
    const bool stored = stat.comp_method == ZIP_CM_STORE;
    if (stat.encryption_method != ZIP_EM_NONE) {
      entry.unreadable = "is encrypted";
    } else if (!stored && stat.comp_method != ZIP_CM_DEFLATE) {
      entry.unreadable = fmt::format("is packed by method {}, and stored or deflated ones are read",
                                     stat.comp_method);
    }
    const auto ratio = stored ? 1 : kMaxDeflateRatio;
    if (entry.unreadable.empty() && entry.bytes / ratio > entry.compressed_bytes) {
      fail(fmt::format("{} declares {} bytes, more than {} compressed bytes can hold", entry.name,
                       entry.bytes, entry.compressed_bytes));
    }
    entries_.push_back(entry);
  }
}

ZipStream ZipReader::open(const ZipEntry& entry) const {
  if (!entry.unreadable.empty()) {
    throw Error(fmt::format("{} ({:.80}): {}; write the archive again without that", label_,
                            entry.name, entry.unreadable));
  }
  return {archive_.get(), entry, label_};
}

std::string ZipReader::read(const ZipEntry& entry) const {
  std::string content(entry.bytes, '\0');
  ZipStream stream = open(entry);
  stream.read(content);
  stream.expect_end();
  return content;
}

std::string write_zip(const std::vector<std::pair<std::string, std::string>>& files,
                      ZipMethod method) {
  MemoryArchive archive;
  for (const auto& [name, content] : files) archive.add(name, content, method);
  return archive.bytes();
}

}  // namespace assay
