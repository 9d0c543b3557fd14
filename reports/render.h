// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "reports/report.h"

namespace assay {

enum class Format { kHtml, kMarkdown, kCsv, kJson, kLatex };

/// html, md, csv, json or latex. Throws Error with the near miss.
Format format_from_name(std::string_view name);

/// The whole report as one text.
std::string render(const Report& report, Format format);

/// render() into a file, replaced atomically; makes missing folders. Throws Error (exit 3) naming
/// the file.
void write_report_file(const Report& report, Format format, const std::filesystem::path& file);

}  // namespace assay
