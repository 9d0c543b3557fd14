// SPDX-License-Identifier: Apache-2.0
#include "data/data_digest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "core/paths.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCacheBytes = std::size_t{1} << 30;
// A file that was written this short a time ago could be written again without its times moving.
constexpr std::int64_t kSettledSeconds = 2;

// What the system says of a file: if all of it is as it was, so is the content.
struct Stamp {
  std::string text;
  bool settled = false;
};

Stamp stamp_of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    throw Error(fmt::format("{}: cannot be read: {}", file.string(), std::strerror(errno)));
  }
  const auto newest = std::max(info.st_mtim.tv_sec, info.st_ctim.tv_sec);
  return {fmt::format("{} {}.{:09} {}.{:09} {}", info.st_size, info.st_mtim.tv_sec,
                      info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec, info.st_ino),
          std::time(nullptr) - newest > kSettledSeconds};
}

// Digests of files seen before, a line "sha256 stamp<TAB>path" each. A cache that cannot be read
// or written costs time only.
class SeenFiles {
 public:
  explicit SeenFiles(const fs::path& found)
      : file_(cache_folder() / "data-digests" / (sha256_hex(found.string()) + ".txt")) {
    try {
      std::istringstream lines(read_file(file_, kMaxCacheBytes));
      for (std::string line; std::getline(lines, line);) {
        const auto tab = line.find('\t');
        if (tab == std::string::npos || tab < kDigestLength + 2) continue;
        seen_[line.substr(tab + 1)] = {line.substr(kDigestLength + 1, tab - kDigestLength - 1),
                                       line.substr(0, kDigestLength)};
      }
    } catch (const Error&) {
      seen_.clear();
    }
  }

  std::string digest_of(const fs::path& file) {
    const Stamp stamp = stamp_of(file);
    const auto known = seen_.find(file.string());
    if (known != seen_.end() && known->second.stamp == stamp.text) return known->second.digest;
    const std::string digest = sha256_of_file(file);
    const bool can_be_kept = file.string().find('\n') == std::string::npos;
    if (stamp.settled && can_be_kept && stamp_of(file).text == stamp.text) {
      seen_[file.string()] = {stamp.text, digest};
      changed_ = true;
    }
    return digest;
  }

  void keep() const {
    if (!changed_) return;
    std::string text;
    for (const auto& [path, entry] : seen_) {
      text += fmt::format("{} {}\t{}\n", entry.digest, entry.stamp, path);
    }
    try {
      write_file_atomically(file_, text);
    } catch (const Error&) {
      // Read again next time.
    }
  }

 private:
  static constexpr std::size_t kDigestLength = 64;
  struct Entry {
    std::string stamp, digest;
  };
  fs::path file_;
  std::map<std::string, Entry> seen_;
  bool changed_ = false;
};

}  // namespace

std::optional<std::string> data_digest(const DatasetRequest& request) {
  const DatasetSource& source = dataset_source(request.name);
  const auto found = source.locate(request);
  if (!found) return std::nullopt;
  Sha256 digest;
  digest.update(fmt::format("assay data\nname {}\nreader {}\n", source.name, source.version));
  if (source.files == nullptr) {
    digest.update(fmt::format("count {}\nseed {}\n", request.count, request.seed));
    for (const auto& [key, value] :
         {std::pair("radius", request.radius), std::pair("noise", request.noise),
          std::pair("scale", request.scale)}) {
      if (value > 0.0) digest.update(fmt::format("{} {}\n", key, value));
    }
    return digest.hex();
  }
  SeenFiles seen(absolute_path(*found));
  for (const std::string& name : source.files(*found)) {
    const fs::path file = name.empty() ? *found : *found / name;
    digest.update(
        fmt::format("{}:{} {}\n", name.size(), name, seen.digest_of(absolute_path(file))));
  }
  seen.keep();
  return digest.hex();
}

}  // namespace assay
