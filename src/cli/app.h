// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/context.h"

namespace assay {

/// The whole command line: subcommands, their options, and what to do for the one that was given.
class App {
 public:
  /// With all of cli/commands/commands.h.
  App();
  /// Parses and acts. Returns the exit code; throws Error for what the user can mend.
  int run(int argc, char** argv);
  const CommonOptions& common() const { return common_; }

  // For the commands, each of which registers itself.
  CLI::App* command(const std::string& name, const std::string& what, const std::string& example);
  void add_json(CLI::App* command);
  /// `action` returns the exit code. Of nested commands the first that was added acts.
  void act(CLI::App* command, std::function<int()> action);
  /// Whether --db was given.
  bool database_given() const { return app_.count("--db") > 0; }

 private:
  CLI::App app_;
  CommonOptions common_;
  std::vector<std::pair<CLI::App*, std::function<int()>>> actions_;
};

}  // namespace assay
