// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/report_command.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/out_file.h"
#include "cli/run/targets.h"
#include "config/suite.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/paths.h"
#include "metrics/metric.h"
#include "reports/render.h"
#include "reports/report.h"
#include "reports/watched_report.h"
#include "results/queries.h"

namespace assay {
namespace {

constexpr std::size_t kDigits = 8;

}  // namespace

std::filesystem::path default_report_file(const std::string& name, const std::string& format) {
  constexpr std::size_t kLongest = 150;
  const std::string fitting =
      name.size() <= kLongest
          ? name
          : fmt::format("{}-{}", name.substr(0, kLongest), sha256_hex(name).substr(0, kDigits));
  return project_root() / "reports" / "out" / fmt::format("{}.{}", fitting, format);
}

std::string name_of_file(const std::filesystem::path& file) {
  const std::string whole = absolute_path(file).lexically_normal().string();
  return fmt::format("{}-{}", file.stem().string(), sha256_hex(whole).substr(0, kDigits));
}

std::string report_name(const std::filesystem::path& database) {
  const auto whole = absolute_path(database).lexically_normal();
  const bool is_at_home = whole.parent_path() == (project_root() / "results").lexically_normal();
  return is_at_home ? whole.stem().string() : name_of_file(whole);
}

// A file whose name says another format than it would hold misleads whoever opens it.
void check_report_file(const std::filesystem::path& file, const std::string& format) {
  check_out_file(file);
  const std::string extension = file.extension().string();
  const bool is_tex = format == "latex" && extension == ".tex";
  if (extension.empty() || extension == "." + format || is_tex) return;
  throw Error(fmt::format(
      "{}: is named {} but would hold {}; {}", file.string(), extension, format,
      "name it ." + format +
          ", or choose among --format html, md, csv, json and latex of `assay report`"));
}

void require_runs(const ReportCommand& command) {
  if (command.experiments.empty()) return;
  const Database database = Database::open_for_reading(command.database);
  if (!runs(database, {.experiments = command.experiments}).empty()) return;
  throw Error(
      fmt::format("{}: holds no run of {}; `assay status` shows what it holds, and "
                  "`assay run` begins one",
                  command.database.string(), command.title));
}

namespace {

std::atomic<bool> stop_watching = false;

ReportOptions options_of(const ReportCommand& command) {
  ReportOptions options;
  options.experiments = command.experiments;
  options.title = command.title;
  options.suites = command.suites;
  options.kinds = metric_kinds();
  return options;
}

std::filesystem::path file_of(const ReportCommand& command) {
  return command.file.empty() ? default_report_file(command.name, command.format) : command.file;
}

// Until nothing runs any more, or Ctrl-C: what was written last stays. The file is replaced whole.
int watch_report(const ReportCommand& command) {
  check_report_file(command.file, command.format);
  const auto file = file_of(command);
  const Format format = format_from_name(command.format);
  WatchedReport watched({command.database}, options_of(command));
  struct sigaction stop {};
  stop.sa_handler = [](int) { stop_watching = true; };
  sigaction(SIGINT, &stop, nullptr);
  sigaction(SIGTERM, &stop, nullptr);
  fmt::print("report: {} (rewritten until nothing runs, or Ctrl-C)\n", file.string());
  std::fflush(stdout);
  for (bool running = true; running && !stop_watching;) {
    // Asked first: what ends while the report is made is in the next one.
    running = !running_runs(Database::open_for_reading(command.database)).empty();
    const Report report = watched.read();
    if (watched.experiments_read() > 0 || !running)
      write_out([&] { write_report_file(report, format, file); });
    for (int tenth = 0; running && tenth < 20 && !stop_watching; ++tenth)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return 0;
}

}  // namespace

std::filesystem::path write_report(const ReportCommand& command) {
  check_report_file(command.file, command.format);
  const auto file = file_of(command);
  const Report report = build_report(command.database, options_of(command));
  write_out([&] { write_report_file(report, format_from_name(command.format), file); });
  return file;
}

void require_suite(const std::string& suite) {
  if (is_suite(find_target(suite))) return;
  throw Error(fmt::format(
      "--suite {0}: is an experiment, not a suite; `assay report {0}` reports it", suite));
}

void choose_targets(ReportCommand& command, const std::vector<std::string>& targets) {
  TargetOptions suites;
  for (const auto& target : targets) {
    if (is_suite(find_target(target))) {
      suites.targets.push_back(target);
    } else {
      command.experiments.push_back(resolve_target(target, {}, false).name);
    }
  }
  const Plan plan = make_plan(suites);
  command.title = plan.title.empty() ? command.experiments.front() : plan.title;
  command.name = report_name(targets);
  const auto stored = runs(Database::open_for_reading(command.database));
  for (auto& name : stored_as(plan, stored)) command.experiments.push_back(std::move(name));
  for (const auto& one : plan.suites) command.suites.push_back(one.name);
}

void add_report(App& app) {
  struct Options {
    bool watch = false;
    std::string suite;
    std::vector<std::string> targets;
    ReportCommand report;
  };
  auto options = std::make_shared<Options>();
  CLI::App* report = app.command("report", "a comparison report from the database alone",
                                 "assay report --suite demo --out demo.html");
  report->add_option("TARGET", options->targets, "only these experiments and suites");
  report->add_option("--suite", options->suite, "only this suite's experiments");
  report->add_option("--out", options->report.file, "file (default: reports/out/…)");
  report->add_option("--format", options->report.format, "html, md, csv, json or latex")
      ->capture_default_str();
  report->add_flag("--watch", options->watch, "rewrite it every two seconds while runs go on");
  app.act(report, [&app, options] {
    options->report.database = app.common().database;
    options->report.title = app.common().database.stem().string();
    options->report.name = report_name(app.common().database);
    auto targets = options->targets;
    if (!options->suite.empty()) {
      require_suite(options->suite);
      targets.push_back(options->suite);
    }
    if (!targets.empty()) choose_targets(options->report, targets);
    require_runs(options->report);
    if (options->watch) return watch_report(options->report);
    const auto file = write_report(options->report);
    fmt::print("report: {}\n", file.string());
    return 0;
  });
}

}  // namespace assay
