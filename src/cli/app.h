// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/context.h"

namespace assay {

/// The whole command line: subcommands, their options, and what to do for the one that was given.
class App {
 public:
  App();
  /// Parses and acts. Returns the exit code; throws Error for what the user can mend.
  int run(int argc, char** argv);
  const CommonOptions& common() const { return common_; }

 private:
  CLI::App* command(const std::string& name, const std::string& what, const std::string& example);
  void add_run();
  void add_resume();
  void add_worker();
  void add_looking();
  void add_report();
  void add_eval();
  void add_sample();
  void add_data();
  void add_care();

  CLI::App app_;
  CommonOptions common_;
  std::vector<std::pair<CLI::App*, std::function<int()>>> actions_;
};

}  // namespace assay
