// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace assay {

struct ReportCommand {
  std::filesystem::path database;
  std::vector<std::string> experiments = {};  ///< names or ids; empty: all of the database
  std::vector<std::string> suites = {};       ///< whose claims are shown; empty: all
  std::string title = {};
  std::string format = "html";
  std::filesystem::path file = {};  ///< empty: the default place
};

/// reports/out/TITLE.FORMAT in the project.
std::filesystem::path default_report_file(const std::string& title, const std::string& format);

/// Renders a report from a database alone and returns its file.
std::filesystem::path write_report(const ReportCommand& command);

/// Narrows a report to experiments, under every definition that bears their name, and to suites
/// with their claims.
void choose_targets(ReportCommand& command, const std::vector<std::string>& targets);

/// Throws Error if the target is an experiment.
void require_suite(const std::string& suite);

}  // namespace assay
