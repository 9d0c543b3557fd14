// SPDX-License-Identifier: Apache-2.0
#include "cli/text/table.h"

#include <algorithm>
#include <cctype>

#include "cli/context.h"

namespace assay {
namespace {

// Columns that a text takes: UTF-8 continuation bytes take none.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool reads_as_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.,:+-e%") == std::string::npos &&
         std::isdigit(static_cast<unsigned char>(text.back())) != 0;
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = terminal_text(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> numeric(columns, rows_.size() > 1);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], width_of(rows_[r][c]));
      if (r > 0 && !rows_[r][c].empty() && !reads_as_number(rows_[r][c])) numeric[c] = false;
    }
  }
  std::string text;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string padding(widths[c] - width_of(rows_[r][c]), ' ');
      line += numeric[c] ? padding + rows_[r][c] : rows_[r][c] + padding;
      line += c + 1 < columns ? "  " : "";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (r == 0) {
      for (std::size_t c = 0; c < columns; ++c) {
        for (std::size_t i = 0; i < widths[c]; ++i) text += "─";
        text += c + 1 < columns ? "  " : "\n";
      }
    }
  }
  return text;
}

}  // namespace assay
