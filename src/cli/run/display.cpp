// SPDX-License-Identifier: Apache-2.0
#include "cli/run/display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <locale>

#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

constexpr auto kBarInterval = std::chrono::milliseconds(250);
constexpr auto kPlainInterval = std::chrono::seconds(30);

std::string with_commas(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

double share_done(const RunRow& row) {
  if (row.images_total <= 0) return 0.0;
  return std::clamp(static_cast<double>(row.images_seen) / static_cast<double>(row.images_total),
                    0.0, 1.0);
}

std::string losses_text(const RunView& view, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, view.losses.size()); ++i) {
    text += fmt::format("{}{} {:.4g}", i > 0 ? "  " : "", terminal_text(view.losses[i].name),
                        view.losses[i].value);
  }
  return text;
}

std::string eta_text(const RunView& view) {
  return view.eta_seconds < 0 ? "ETA ?" : "ETA " + duration_text(view.eta_seconds);
}

}  // namespace

RunView view_of(const Database& database, const RunRow& row) {
  RunView view{row, final_series_of(database, row.number)};
  if (row.images_per_second > 0) {
    view.eta_seconds =
        static_cast<double>(row.images_total - row.images_seen) / row.images_per_second;
  }
  return view;
}

std::string plain_line(const RunView& view) {
  const RunRow& row = view.row;
  return fmt::format("run {}  {} seed {} | {} {}/{} images ({:.0f} %) | {} | {:.0f} images/s | {}",
                     row.number, terminal_text(row.experiment), row.seed,
                     row.phase.empty() ? "start" : terminal_text(row.phase),
                     with_commas(row.images_seen), with_commas(row.images_total),
                     100 * share_done(row), losses_text(view, 6), row.images_per_second,
                     eta_text(view));
}

std::string bar_line(const RunView& view, int width) {
  const RunRow& row = view.row;
  const bool training = row.phase.empty() || row.phase == "train";
  const std::string left = fmt::format("{} s{} ", terminal_text(row.experiment), row.seed);
  const std::string right = fmt::format(
      " {:3.0f} %  {}  {}", 100 * share_done(row),
      training ? fmt::format("{:.0f} img/s  {}", row.images_per_second, eta_text(view)) : row.phase,
      losses_text(view, 2));
  const int room = width - static_cast<int>(left.size() + right.size()) - 1;
  const int cells = std::clamp(room, 8, 40);
  const auto full = static_cast<int>(share_done(row) * cells);
  std::string bar;
  for (int i = 0; i < cells; ++i) bar += i < full ? "━" : "┄";
  const auto space = static_cast<std::size_t>(std::max(0, width - cells - 1));
  const std::string text = right.substr(0, space > left.size() ? space - left.size() : 0);
  return left.substr(0, space) + bar + text;
}

Display::Display(const CommonOptions& options)
    : quiet_(options.quiet), live_(!options.quiet && is_terminal(STDERR_FILENO)) {}

Display::~Display() { clear(); }

void Display::clear() {
  for (; drawn_ > 0; --drawn_) fmt::print(stderr, "\x1b[1A\x1b[2K");
  std::fflush(stderr);
}

void Display::say(const std::string& line) {
  if (quiet_) return;
  clear();
  fmt::print(stderr, "{}\n", terminal_text(line));
}

void Display::update(const Database& database, const std::vector<std::string>& uuids) {
  const auto now = Clock::now();
  if (quiet_ ||
      now - last_ < (live_ ? Clock::duration(kBarInterval) : Clock::duration(kPlainInterval)))
    return;
  last_ = now;
  std::vector<std::string> lines;
  for (const RunRow& row : runs(database, {.experiments = {}, .status = "running"})) {
    if (std::find(uuids.begin(), uuids.end(), row.uuid) == uuids.end()) continue;
    const RunView view = view_of(database, row);
    lines.push_back(live_ ? bar_line(view, terminal_width()) : plain_line(view));
  }
  clear();
  for (const auto& line : lines) fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
  if (live_) drawn_ = lines.size();
}

}  // namespace assay
