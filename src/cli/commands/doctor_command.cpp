// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"
#include "core/reason.h"
#include "data/dataset.h"
#include "harness/environment.h"
#include "metrics/extractors/extractor.h"
#include "results/integrity.h"

namespace assay {
namespace {

// Prints one line a check and remembers the worst.
class Examination {
 public:
  void fine(const std::string& text) { line("ok     ", text); }
  void warning(const std::string& text) { line("warning", text); }
  void missing(const std::string& text) {
    line("MISSING", text);
    worst_ = worst_ == 0 ? static_cast<int>(ExitCode::kUsage) : worst_;
  }
  void damage(const std::string& text) {
    line("DAMAGE ", text);
    worst_ = static_cast<int>(ExitCode::kDamaged);
  }
  int exit_code() const { return worst_; }

 private:
  static void line(const char* mark, const std::string& text) {
    fmt::print("{}  {}\n", mark, text);
  }
  int worst_ = 0;
};

void examine_machine(Examination& out) {
  const Machine machine = this_machine();
  out.fine(fmt::format("{}, {} cores, {} GiB, {}", machine.cpu, machine.cores,
                       machine.memory_bytes >> 30, machine.flags));
  out.fine(fmt::format("LibTorch {} ({}), {}", machine.libtorch, at::get_cpu_capability(),
                       machine.compiler));
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  if (policy == nullptr || std::string(policy) != "passive") {
    out.warning(
        "OMP_WAIT_POLICY is not 'passive': two threads may be far slower than one on a shared "
        "core; start assay "
        "through ./assay or set it");
  }
  if (machine.flags.find("avx2") == std::string::npos)
    out.warning("no AVX2: everything will be slow");
  const Commit commit = this_commit();
  if (commit.id == "unknown") {
    out.warning(
        "built outside a git checkout, or without git: runs cannot say which sources they were "
        "made "
        "with");
  } else {
    out.fine(fmt::format(
        "commit {}{}", commit.id,
        commit.dirty ? " with uncommitted changes: commit them before runs that count" : ""));
  }
}

void examine_space(Examination& out, const std::filesystem::path& database) {
  std::error_code problem;
  auto folder = absolute_path(database).parent_path();
  while (!folder.empty() && !std::filesystem::exists(folder, problem))
    folder = folder.parent_path();
  const auto space = std::filesystem::space(folder, problem);
  constexpr std::uintmax_t kEnough = std::uintmax_t{1} << 30;
  const auto text =
      fmt::format("{} MiB free for results in {}", space.available >> 20, folder.string());
  if (problem) {
    out.warning(fmt::format("{}: how much is free cannot be told ({})", folder.string(),
                            problem.message()));
  } else if (space.available >= kEnough) {
    out.fine(text);
  } else {
    out.warning(text + "; checkpoints and pictures may fill it");
  }
}

void examine_data(Examination& out) {
  for (const DatasetSource& source : datasets()) {
    if (source.is_format) continue;
    DatasetRequest request;
    request.name = std::string(source.name);
    try {
      const auto found = source.locate(request);
      if (found) {
        out.fine(fmt::format("data set {}: {}", source.name, found->string()));
      } else {
        out.warning(fmt::format("data set {}: absent; {}", source.name, source.how_to_get));
      }
    } catch (const std::exception& problem) {
      // Folders in which it may lie that are closed to us, or links in a circle.
      out.warning(
          fmt::format("data set {}: cannot be looked for: {}", source.name, problem.what()));
    }
  }
}

void examine_extractors(Examination& out) {
  for (const ExtractorSource& source : extractors()) {
    try {
      source.make({});
      out.fine(fmt::format("extractor {}: {}", source.name, source.meaning));
    } catch (const std::exception& problem) {
      const auto text =
          fmt::format("extractor {}: {}", source.name, without_backtrace(problem.what()));
      source.brings_weights ? out.missing(text) : out.warning(text);
    }
  }
}

void examine_database(Examination& out, const std::filesystem::path& database) {
  const auto findings = check_database(database);
  for (const Finding& finding : findings) {
    if (finding.severity == Finding::Severity::kDamage) {
      out.damage(finding.text);
    } else {
      out.warning(finding.text);
    }
  }
  if (findings.empty()) out.fine(fmt::format("{}: every stored digest holds", database.string()));
}

int doctor_command(const CommonOptions& options, bool database_given) {
  Examination out;
  examine_machine(out);
  examine_space(out, options.database);
  examine_data(out);
  examine_extractors(out);
  if (database_given || path_exists(options.database)) examine_database(out, options.database);
  return out.exit_code();
}

}  // namespace

void add_doctor(App& app) {
  CLI::App* doctor = app.command("doctor", "what is missing or wrong here, and how to mend it",
                                 "assay doctor --db results/assay.sqlite");
  app.act(doctor, [&app] { return doctor_command(app.common(), app.database_given()); });
}

}  // namespace assay
