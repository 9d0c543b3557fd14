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
  std::string name = {};  ///< of the file at the default place
  std::string format = "html";
  std::filesystem::path file = {};  ///< empty: the default place
};

/// reports/out/NAME.FORMAT in the project; of a name too long for a file its beginning and the
/// first digits of its SHA-256.
std::filesystem::path default_report_file(const std::string& name, const std::string& format);

/// "x-1a2b3c4d" for a file x.toml: its stem and the first digits of the SHA-256 of its whole path,
/// so that two files of one name have two reports.
std::string name_of_file(const std::filesystem::path& file);

/// What a report on a whole database is called where nobody says: its stem in results/, else
/// name_of_file.
std::string report_name(const std::filesystem::path& database);

/// Renders a report from a database alone and returns its file.
std::filesystem::path write_report(const ReportCommand& command);

/// Throws Error if the file is named as another format than it would hold.
void check_report_file(const std::filesystem::path& file, const std::string& format);

/// Throws Error if experiments are named and the database holds no run of any.
void require_runs(const ReportCommand& command);

/// Narrows a report to experiments, under every definition that bears their name, and to suites
/// with their claims.
void choose_targets(ReportCommand& command, const std::vector<std::string>& targets);

/// Throws Error if the target is an experiment.
void require_suite(const std::string& suite);

}  // namespace assay
