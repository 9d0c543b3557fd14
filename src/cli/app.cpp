// SPDX-License-Identifier: Apache-2.0
#include "cli/app.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "cli/commands/commands.h"
#include "cli/text/words.h"
#include "cli/version.h"
#include "core/error.h"
#include "core/paths.h"

namespace assay {
namespace {

std::filesystem::path default_database() {
  const char* given = std::getenv("ASSAY_DB");
  if (given != nullptr && *given != '\0') return given;
  return project_root() / "results" / "assay.sqlite";
}

}  // namespace

App::App()
    : app_("assay: seeded experiments on generative models, their metrics and reports", "assay") {
  common_.database = default_database();
  app_.require_subcommand(1);
  app_.set_version_flag("--version", std::string("assay ") + kVersion);
  app_.footer("Start with `assay list`, `assay run demo` or `assay COMMAND --help`.");
  // Before or after the command.
  app_.fallthrough();
  app_.add_option("--db", common_.database,
                  "database (default: ASSAY_DB, else results/assay.sqlite)")
      ->check(not_empty);
  app_.add_option("--threads", common_.threads,
                  "threads within a run; part of its record, results may differ in the last bits")
      ->check(CLI::Range(1, 1024));
  app_.add_flag("--quiet", common_.quiet, "no progress");
  app_.add_flag("--debug", common_.debug, "show internal errors in full");
  for (const auto add : {add_run,    add_resume, add_list,    add_describe, add_status, add_show,
                         add_verify, add_report, add_compare, add_baseline, add_gate,   add_merge,
                         add_export, add_submit, add_plan,    add_eval,     add_sample, add_note,
                         add_data,   add_doctor, add_prune,   add_worker}) {
    add(*this);
  }
}

CLI::App* App::command(const std::string& name, const std::string& what,
                       const std::string& example) {
  CLI::App* added = app_.add_subcommand(name, what);
  added->footer("Example: " + example);
  return added;
}

void App::add_json(CLI::App* command) {
  command->add_flag("--json", common_.json, "one JSON document");
}

void App::act(CLI::App* command, std::function<int()> action) {
  actions_.emplace_back(command, std::move(action));
}

int App::run(int argc, char** argv) {
  check_words(app_, argc, argv);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::Success& wish) {
    return app_.exit(wish);
  } catch (const CLI::ParseError& problem) {
    throw Error(fmt::format("{}; see `assay --help` or `assay COMMAND --help`", problem.what()));
  }
  // Locks and checkpoints lie beside it.
  common_.database = without_links(common_.database);
  for (const auto& [command, action] : actions_) {
    if (command->parsed()) return action();
  }
  throw Error("no command was given; see `assay --help`");
}

}  // namespace assay
