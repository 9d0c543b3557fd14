// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/run/claims.h"
#include "config/definition.h"
#include "results/rows.h"

namespace assay {

/// One experiment with one seed that is to be run.
struct PlannedRun {
  Definition definition;
  std::uint64_t seed = 0;
  bool smoke = false;
  std::string
      options;  ///< what else the command needs to repeat it, quoted for a shell: "--set a=b"
  std::string source = {};  ///< source_of its file
};

/// What the user asked for.
struct TargetOptions {
  std::vector<std::string> targets;  ///< names of experiments or suites, or paths of TOML files
  std::string seeds;                 ///< "" (the definition's own), "0,1,2" or "0..4"
  std::vector<std::string> set;
  std::vector<std::string> sweep;
  bool smoke = false;
};

struct Plan {
  std::vector<PlannedRun> runs;
  std::string title;  ///< name of the suite, or of the experiments
  std::vector<PlannedSuite> suites;
};

std::filesystem::path experiments_folder();

/// Names of all experiments (suites: of all suites), sorted.
std::vector<std::string> experiment_names();
std::vector<std::string> suite_names();

/// The file of an experiment or suite. Throws Error with the near miss.
std::filesystem::path find_target(const std::string& target);

/// What names the file of an experiment or suite to another command: the name of one below
/// experiments/ ("vae/fashion_mnist", "suites/demo"), the whole path of any other.
std::string source_of(const std::filesystem::path& file);

/// What a report on these targets is called where nobody says: their names, and of files elsewhere
/// name_of_file (report_command.h).
std::string report_name(const std::vector<std::string>& targets);

/// An experiment's definition under overrides. Throws Error if the target is a suite.
Definition resolve_target(const std::string& target, const std::vector<std::string>& set,
                          bool smoke);

/// Every experiment × sweep point × seed of the targets, each definition checked whole, metrics and
/// data set included, and each suite's claims. Throws Error before anything runs.
Plan make_plan(const TargetOptions& options);

/// What finds a plan's definitions among the stored runs: the id of each, or its name where no run
/// has that id, since an id moves with its definition.
std::vector<std::string> stored_as(const Plan& plan, std::span<const RunRow> stored);

/// Throws Error naming the key's place, if data that a run of the plan needs are not here.
void check_data(const Plan& plan);

}  // namespace assay
