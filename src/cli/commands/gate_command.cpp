// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/commands/time_against.h"
#include "cli/out_file.h"
#include "cli/text/table.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "metrics/metric.h"
#include "reports/gate/gate_files.h"
#include "reports/gate/gate_text.h"

namespace assay {
namespace {

struct GateCommand {
  GateOptions gate;
  std::string match = "id";
  std::filesystem::path junit, markdown, json;
  bool github = false;
  std::filesystem::path base;  // build to time against; empty: none
  std::int64_t rounds = 10;
};

void print_gate(const GateResult& result) {
  Table table({"experiment", "metric", "", "verdict", "baseline", "now"});
  for (const GateLine& line : gate_lines(result)) {
    table.add(
        {line.experiment, line.metric, line.importance, line.verdict, line.baseline, line.now});
  }
  fmt::print("{}\n", table.text());
  for (const GateLine& line : gate_lines(result)) {
    if (line.importance == "advisory" || line.verdict == "same") continue;
    fmt::print("{}: {} {}: {}\n", line.verdict, terminal_text(line.experiment), line.metric,
               terminal_text(line.sentence));
  }
  for (const GateBits& bits : result.bits) fmt::print("bits: {}\n", terminal_text(bits_text(bits)));
  for (const auto& note : result.notes) fmt::print("note: {}\n", terminal_text(note));
  for (const auto& absent : result.absent) fmt::print("not measured: {}\n", terminal_text(absent));
  fmt::print("gate {}\n", result.summary);
}

// A job's summary page is a file that its steps add to.
void add_to_step_summary(const std::string& markdown) {
  const char* file = std::getenv("GITHUB_STEP_SUMMARY");
  if (file == nullptr || *file == '\0') return;
  std::ofstream page(file, std::ios::app | std::ios::binary);
  page << markdown << '\n';
  if (!page.flush()) throw Error(fmt::format("{}: GITHUB_STEP_SUMMARY cannot be written", file));
}

void check_files(const GateCommand& command) {
  if (!path_exists(command.gate.baseline)) {
    throw Error(
        fmt::format("{}: there is no such baseline; `assay baseline save {}` freezes the runs "
                    "of --db as one",
                    command.gate.baseline.string(), command.gate.baseline.string()));
  }
  for (const auto& out : {command.junit, command.markdown, command.json}) {
    check_out_file(out);
    for (const auto& kept : {command.gate.baseline, command.gate.database}) {
      std::error_code absent;
      if (out.empty() || !std::filesystem::equivalent(out, kept, absent)) continue;
      throw Error(fmt::format("{}: is the {}; write the gate's files elsewhere", out.string(),
                              kept == command.gate.baseline ? "baseline" : "database"));
    }
  }
}

void write_files(const GateCommand& command, const GateResult& result) {
  if (!command.junit.empty()) write_file_atomically(command.junit, gate_junit(result));
  if (!command.markdown.empty()) write_file_atomically(command.markdown, gate_markdown(result));
  if (!command.json.empty()) write_file_atomically(command.json, gate_json(result).dump(1) + "\n");
}

int gate_command(GateCommand command, const CommonOptions& common) {
  command.gate.database = common.database;
  command.gate.match = command.match == "id" ? GateMatch::kId : GateMatch::kName;
  command.gate.kinds = metric_kinds();
  check_files(command);
  if (!command.base.empty())
    command.gate.timed = time_against(command.base, command.gate.baseline, command.rounds);
  const GateResult result = gate(command.gate);
  print_gate(result);
  write_out([&] { write_files(command, result); });
  if (command.github) {
    fmt::print("{}", gate_annotations(result));
    add_to_step_summary(gate_markdown(result));
  }
  return exit_code_of(result.outcome);
}

}  // namespace

void add_gate(App& app) {
  auto options = std::make_shared<GateCommand>();
  CLI::App* gate =
      app.command("gate",
                  "is this worse than the baseline? for CI: 0 no, 1 yes, 5 "
                  "undecided, 6 not measured",
                  "assay gate --baseline ci/baseline.sqlite --junit gate.xml --github");
  gate->add_option("--baseline", options->gate.baseline, "made by `assay baseline save`")
      ->required()
      ->check(not_empty);
  gate->add_option("--match", options->match,
                   "id: runs of an equal definition; name: of the same name, however defined")
      ->check(CLI::IsMember({"id", "name"}))
      ->capture_default_str();
  gate->add_option("--alpha", options->gate.alpha, "false alarms of the whole gate")
      ->check(CLI::Range(1e-9, 0.5) & is_number)
      ->capture_default_str();
  gate->add_option("--time-against", options->base,
                   "a base build's assay: both repeat the baseline's runs in turn, and speeds are "
                   "gated by pairs (best of a baseline of --smoke runs)")
      ->check(CLI::ExistingFile);
  gate->add_option("--rounds", options->rounds, "of --time-against")
      ->check(CLI::Range(3, 1000))
      ->capture_default_str();
  gate->add_option("--junit", options->junit, "XML file for test reports")->check(not_empty);
  gate->add_option("--markdown", options->markdown, "page")->check(not_empty);
  gate->add_option("--json", options->json, "everything, with all scores")->check(not_empty);
  gate->add_flag("--github", options->github, "annotations, and the step's summary page");
  app.act(gate, [&app, options] { return gate_command(*options, app.common()); });
}

}  // namespace assay
