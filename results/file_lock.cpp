// SPDX-License-Identifier: Apache-2.0
#include "results/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace assay {
namespace {

int open_lock_file(const std::filesystem::path& file) {
  std::error_code problem;
  std::filesystem::create_directories(file.parent_path(), problem);
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    if (!problem) problem = {errno, std::generic_category()};
    const bool full = problem == std::errc::no_space_on_device;
    throw Error(
        fmt::format(
            "{}: this lock file cannot be made: {}; choose a database in a folder that can be "
            "written with --db",
            file.string(), problem.message()),
        full ? ExitCode::kRunFailed : ExitCode::kUsage);
  }
  return descriptor;
}

int operation(FileLock::Mode mode) { return mode == FileLock::Mode::kShared ? LOCK_SH : LOCK_EX; }

bool lock(int descriptor, int how) {
  int outcome = ::flock(descriptor, how);
  while (outcome != 0 && errno == EINTR) outcome = ::flock(descriptor, how);
  return outcome == 0;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, Mode mode)
    : descriptor_(open_lock_file(file)) {
  if (!lock(descriptor_, operation(mode))) {
    const std::string why = std::strerror(errno);
    ::close(std::exchange(descriptor_, -1));
    throw Error(
        fmt::format("{}: locking it failed: {}; choose a database on a local disk with --db",
                    file.string(), why),
        ExitCode::kRunFailed);
  }
}

std::optional<FileLock> FileLock::try_lock(const std::filesystem::path& file, Mode mode) {
  FileLock candidate(open_lock_file(file));
  if (!lock(candidate.descriptor_, operation(mode) | LOCK_NB)) return std::nullopt;
  return candidate;
}

bool FileLock::is_held(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const FileLock candidate(descriptor);
  // Shared, so that two who ask at once do not take each other for the owner.
  return !lock(descriptor, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace assay
