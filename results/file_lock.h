// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

namespace assay {

/// An advisory flock(2) on a file, which the kernel drops when the process ends, however it ends.
/// Two locks of one process on one file exclude each other too. Released by the destructor.
class FileLock {
 public:
  enum class Mode { kShared, kExclusive };

  /// Waits for the lock; makes the file and its folder. Throws Error (exit 3) if they cannot be
  /// made.
  FileLock(const std::filesystem::path& file, Mode mode);
  /// The lock if it is free now, else nothing.
  static std::optional<FileLock> try_lock(const std::filesystem::path& file, Mode mode);
  /// Whether someone holds it exclusively now. Makes nothing; a file that is missing or unreadable
  /// is not held.
  static bool is_held(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace assay
