// SPDX-License-Identifier: Apache-2.0
#include "reports/repeat_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "core/shell_words.h"

namespace assay {
namespace {

// The options one by one, or nothing if they are not what assay stores.
std::optional<std::vector<std::string>> known_options(std::string_view stored) {
  const auto words = shell_words(stored);
  if (!words) return std::nullopt;
  std::vector<std::string> options;
  for (std::size_t i = 0; i < words->size(); ++i) {
    if ((*words)[i] == "--smoke") {
      options.emplace_back("--smoke");
      continue;
    }
    if ((*words)[i] != "--set" || ++i == words->size()) return std::nullopt;
    const std::string& setting = (*words)[i];
    if (setting.starts_with('-') || setting.find('=') == std::string::npos) return std::nullopt;
    options.push_back("--set " + shell_word(setting));
  }
  return options;
}

// A word that is no option, whatever it begins with.
std::string target_word(const std::string& target) {
  return shell_word(target.starts_with('-') ? "./" + target : target);
}

// The experiments that come with assay lie in folders; another one's definition is on the page.
std::string target_by_name(const std::string& name) {
  return name.find('/') != std::string::npos ? name : name + ".toml";
}

// A comment of a shell, whatever the texts hold.
std::string outside_text(const std::string& target, const RunRow& run, const std::string& seeds) {
  std::string line = fmt::format(
      "# {} (seeds {}): scores of samples made elsewhere, with nothing to run again; assay eval "
      "--generated {} --record {} scores such files",
      run.experiment, seeds, target.empty() ? "FILES" : shell_word(target),
      shell_word(run.experiment));
  std::ranges::replace_if(
      line, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return line;
}

}  // namespace

std::string quoted_options(std::string_view stored) {
  const auto options = known_options(stored);
  if (options) return fmt::format("{}", fmt::join(*options, " "));
  // Not the text alone: it may be an option that writes a file somewhere.
  return shell_word(fmt::format("stored options: {}", stored));
}

std::string repeat_command(const std::string& target, std::span<const RunRow> runs) {
  const RunRow& example = runs.front();
  std::set<std::uint64_t> seeds;
  for (const RunRow& run : runs) seeds.insert(run.seed);
  if (example.is_outside())
    return outside_text(target, example, fmt::format("{}", fmt::join(seeds, ",")));
  std::string command =
      fmt::format("./assay run {} --seeds {}",
                  target_word(target.empty() ? target_by_name(example.experiment) : target),
                  fmt::join(seeds, ","));
  if (!example.overrides.empty()) command += " " + quoted_options(example.overrides);
  const auto words = shell_words(example.overrides);
  const bool says_smoke =
      words && std::find(words->begin(), words->end(), "--smoke") != words->end();
  if (example.smoke && !says_smoke) command += " --smoke";
  if (example.device.starts_with("cuda")) command += " --device cuda";
  if (example.threads != 1) command += fmt::format(" --threads {}", example.threads);
  return command;
}

}  // namespace assay
