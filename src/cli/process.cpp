// SPDX-License-Identifier: Apache-2.0
#include "cli/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/error.h"

namespace assay {
namespace {

constexpr int kNoSuchProgram = 127;

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t n = ::read(descriptor, block.data(), block.size());
    if (n > 0) text.append(block.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return text;
  }
}

[[noreturn]] void become(std::vector<std::string> words, int output) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::execvp(arguments.front(), arguments.data());
  ::_exit(kNoSuchProgram);
}

}  // namespace

std::filesystem::path this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

ProcessResult run_process(const std::vector<std::string>& words) {
  std::array<int, 2> pipe_ends{};
  const bool piped = ::pipe2(pipe_ends.data(), O_CLOEXEC) == 0;
  const pid_t pid = piped ? ::fork() : -1;
  if (pid < 0) {
    throw Error(fmt::format("{}: no process could be started for it; end other programs first",
                            words.front()),
                ExitCode::kRunFailed);
  }
  if (pid == 0) become(words, pipe_ends[1]);
  ::close(pipe_ends[1]);
  ProcessResult result;
  result.output = read_to_end(pipe_ends[0]);
  ::close(pipe_ends[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace assay
