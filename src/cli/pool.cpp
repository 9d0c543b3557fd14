// SPDX-License-Identifier: Apache-2.0
#include "cli/pool.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "core/error.h"

namespace assay {
namespace {

volatile std::sig_atomic_t signals_seen = 0;

void count_signal(int) { signals_seen = signals_seen + 1; }

}  // namespace

WorkerPool::WorkerPool(std::vector<WorkGroup> groups, const WorkOptions& options)
    : options_(options), began_(std::chrono::steady_clock::now()) {
  for (auto& group : groups) results_.push_back({std::move(group)});
}

void WorkerPool::run(const std::function<void()>& tick) {
  struct sigaction action {};
  action.sa_handler = count_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  start_next();
  while (!children_.empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    obey_signals();
    reap();
    start_next();
    tick();
  }
}

void WorkerPool::start_next() {
  while (!stop_starting_ && next_ < results_.size() &&
         children_.size() < static_cast<std::size_t>(options_.jobs)) {
    start(next_++);
  }
}

void WorkerPool::start(std::size_t group) {
  WorkOptions rest = options_;
  if (rest.max_minutes) {
    const std::chrono::duration<double, std::ratio<60>> spent =
        std::chrono::steady_clock::now() - began_;
    *rest.max_minutes = std::max(0.0, *rest.max_minutes - spent.count());
  }
  std::vector<std::string> words = worker_arguments(results_[group].group, rest);
  words.insert(words.begin(), "assay");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0)
    throw Error("no process could be started for a run; lower --jobs", ExitCode::kRunFailed);
  if (pid == 0) {
    // A worker whose parent dies, dies too: nobody else could stop it or show what it does.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) execv("/proc/self/exe", arguments.data());
    _exit(static_cast<int>(ExitCode::kRunFailed));
  }
  results_[group].started = true;
  children_.push_back({pid, group});
}

void WorkerPool::reap() {
  for (auto child = children_.begin(); child != children_.end();) {
    int status = 0;
    const pid_t ended = waitpid(child->pid, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) {
      ++child;
      continue;
    }
    WorkResult& result = results_[child->group];
    // A worker that somebody else has waited for is gone, and nobody knows how it ended.
    result.exit_code = ended < 0           ? static_cast<int>(ExitCode::kRunFailed)
                       : WIFEXITED(status) ? WEXITSTATUS(status)
                                           : 128 + WTERMSIG(status);
    const bool stopped = result.exit_code == static_cast<int>(ExitCode::kInterrupted);
    if (stopped) {
      interrupted_ = true;
      stop_starting_ = true;
    }
    if (result.exit_code != 0 && !stopped && options_.fail_fast) stop_starting_ = true;
    child = children_.erase(child);
  }
}

void WorkerPool::obey_signals() {
  if (signals_seen == signals_obeyed_) return;
  signals_obeyed_ = signals_seen;
  interrupted_ = true;
  stop_starting_ = true;
  const int signal = signals_obeyed_ > 1 ? SIGKILL : SIGTERM;
  for (const Child& child : children_) kill(child.pid, signal);
  if (signals_obeyed_ > 1) _exit(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace assay
