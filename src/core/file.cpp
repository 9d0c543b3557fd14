// SPDX-License-Identifier: Apache-2.0
#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"

namespace assay {
namespace {

class FileDescriptor {
 public:
  FileDescriptor(const std::filesystem::path& file, int flags) : file_(file) {
    fd_ = ::open(file.c_str(), flags | O_CLOEXEC, 0644);
    if (fd_ < 0) fail("opening");
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  void write_all(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(fd_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("writing");
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() {
    if (::fsync(fd_) != 0) fail("syncing");
  }

 private:
  [[noreturn]] void fail(std::string_view verb) {
    throw Error(fmt::format("{}: {} failed: {}; free some space or choose another folder",
                            file_.string(), verb, std::strerror(errno)),
                ExitCode::kRunFailed);
  }

  std::filesystem::path file_;
  int fd_ = -1;
};

}  // namespace

std::string read_file(const std::filesystem::path& file, std::size_t max_bytes) {
  if (!path_exists(file)) {
    throw Error(fmt::format("{}: no such file", file.string()));
  }
  if (is_folder(file)) {
    throw Error(fmt::format("{}: is a folder, a file is needed", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(fmt::format("{}: cannot be read", file.string()));
  std::string content;
  std::string block(1 << 16, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    content.append(block, 0, static_cast<std::size_t>(in.gcount()));
    if (content.size() > max_bytes) {
      throw Error(
          fmt::format("{}: longer than the {} bytes allowed here", file.string(), max_bytes));
    }
  }
  if (in.bad()) throw Error(fmt::format("{}: reading it failed", file.string()));
  return content;
}

void duplicate_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code problem;
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, problem);
  if (!problem) return;
  throw Error(
      fmt::format("{}: cannot be copied to {}: {}; make room there, or open both to this "
                  "user",
                  from.string(), to.string(), problem.message()));
}

void move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code problem;
  std::filesystem::rename(from, to, problem);
  if (!problem) return;
  throw Error(fmt::format("{}: cannot be renamed to {}: {}; name another place", from.string(),
                          to.string(), problem.message()));
}

void remove_file(const std::filesystem::path& file) {
  if (is_folder(file)) {
    throw Error(
        fmt::format("{}: is a folder where a file is to be written; take it away or name "
                    "another place",
                    file.string()));
  }
  std::error_code problem;
  std::filesystem::remove(file, problem);
  if (!problem) return;
  throw Error(fmt::format("{}: cannot be taken away: {}; name another place", file.string(),
                          problem.message()));
}

void write_file_atomically(const std::filesystem::path& given, std::string_view content) {
  if (is_stream(given)) return FileDescriptor(given, O_WRONLY).write_all(content);
  // What a link leads to is replaced, not the link.
  const auto file = without_links(given);
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  make_folder(folder, ExitCode::kRunFailed);
  std::error_code problem;
  const auto temporary = folder / fmt::format(".{}.{}.tmp", file.filename().string(), ::getpid());
  try {
    FileDescriptor out(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    out.write_all(content);
    out.sync();
  } catch (...) {
    std::filesystem::remove(temporary, problem);
    throw;
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    std::filesystem::remove(temporary, problem);
    throw Error(fmt::format("{}: replacing it failed: {}", file.string(), why),
                ExitCode::kRunFailed);
  }
  FileDescriptor(folder, O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace assay
