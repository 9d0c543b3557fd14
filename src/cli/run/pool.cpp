// SPDX-License-Identifier: Apache-2.0
#include "cli/run/pool.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include "cli/run/worker.h"
#include "core/error.h"

namespace assay {
namespace {

volatile std::sig_atomic_t signals_seen = 0;

void count_signal(int) { signals_seen = signals_seen + 1; }

}  // namespace

WorkerPool::WorkerPool(std::vector<WorkGroup> groups, const WorkOptions& options,
                       std::function<bool(const std::string&)> is_complete)
    : options_(options),
      is_complete_(std::move(is_complete)),
      began_(std::chrono::steady_clock::now()) {
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

WorkerPool::Readiness WorkerPool::readiness_of(const WorkGroup& group) const {
  const Readiness parent = readiness_after(group.front().parent);
  const Readiness first_stage = readiness_after(group.front().first_stage);
  if (parent == Readiness::kNever || first_stage == Readiness::kNever) return Readiness::kNever;
  return parent == Readiness::kReady ? first_stage : parent;
}

// Whether the run that others stand on has ended well; there may be none.
WorkerPool::Readiness WorkerPool::readiness_after(const std::string& uuid) const {
  if (uuid.empty()) return Readiness::kReady;
  for (const WorkResult& result : results_) {
    const bool is_there = std::ranges::any_of(
        result.group, [&](const WorkOrder& order) { return order.uuid == uuid; });
    if (!is_there) continue;
    if (!result.ended) return result.abandoned ? Readiness::kNever : Readiness::kWaiting;
  }
  return is_complete_(uuid) ? Readiness::kReady : Readiness::kNever;
}

double WorkerPool::minutes_left() const {
  const std::chrono::duration<double, std::ratio<60>> spent =
      std::chrono::steady_clock::now() - began_;
  return std::max(0.0, options_.max_minutes.value_or(INFINITY) - spent.count());
}

void WorkerPool::start_next() {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (results_[i].started || results_[i].abandoned) continue;
    if (minutes_left() == 0.0) stopped_ = stop_starting_ = true;
    if (stop_starting_ || children_.size() >= static_cast<std::size_t>(options_.jobs)) return;
    const Readiness readiness = readiness_of(results_[i].group);
    if (readiness == Readiness::kNever) results_[i].abandoned = true;
    if (readiness == Readiness::kReady) start(i);
  }
}

// Each of the group's orders becomes a group of its own, in the same place.
void WorkerPool::split(std::size_t group) {
  const WorkGroup orders = std::move(results_[group].group);
  results_[group] = {{orders.front()}};
  results_[group].group.front().places = 0;
  for (std::size_t i = 1; i < orders.size(); ++i) {
    WorkResult alone{{orders[i]}};
    alone.group.front().places = 0;
    results_.push_back(std::move(alone));
  }
}

void WorkerPool::start(std::size_t group) {
  WorkOptions rest = options_;
  if (rest.max_minutes) rest.max_minutes = minutes_left();
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
    result.ended = true;
    // Only after a signal or the time limit does an interruption concern the others.
    const bool interrupted = result.exit_code == static_cast<int>(ExitCode::kInterrupted);
    if (interrupted && minutes_left() == 0.0) stopped_ = stop_starting_ = true;
    const std::size_t group = child->group;
    child = children_.erase(child);
    if (result.exit_code == kTrainAlone) {
      split(group);
    } else if (result.exit_code != 0 && result.exit_code != kDoneElsewhere && !interrupted &&
               options_.fail_fast) {
      stop_starting_ = true;
    }
  }
}

void WorkerPool::obey_signals() {
  if (signals_seen == signals_obeyed_) return;
  signals_obeyed_ = signals_seen;
  stopped_ = stop_starting_ = true;
  const int signal = signals_obeyed_ > 1 ? SIGKILL : SIGTERM;
  for (const Child& child : children_) kill(child.pid, signal);
  if (signals_obeyed_ > 1) _exit(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace assay
