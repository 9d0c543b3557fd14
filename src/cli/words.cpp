// SPDX-License-Identifier: Apache-2.0
#include "cli/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/near_miss.h"

namespace assay {
namespace {

/// Options as a person writes them: "--seeds", not "seeds".
std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> visible_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  const auto found =
      app.get_subcommands([&](const CLI::App* one) { return one->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

}  // namespace

void check_words(const CLI::App& app, int argc, char** argv) {
  const auto commands = visible_commands(app);
  const CLI::App* chosen = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (chosen == nullptr) chosen = find_command(app, word);
    if (chosen == nullptr && !word.starts_with("-") &&
        (i == 1 || std::string(argv[i - 1]).find("--") != 0)) {
      throw Error(
          fmt::format("'{}' is not a command{}", word, suggestion(word, commands, "commands")));
    }
    const std::string flag = word.substr(0, word.find('='));
    if (!word.starts_with("--") || word == "--") continue;
    std::vector<std::string> known = flags_of(app);
    if (chosen != nullptr) {
      const auto more = flags_of(*chosen);
      known.insert(known.begin(), more.begin(), more.end());
    }
    if (std::find(known.begin(), known.end(), flag) == known.end()) {
      throw Error(fmt::format("{}: unknown option{}", flag, suggestion(flag, known, "options")));
    }
  }
}

}  // namespace assay
