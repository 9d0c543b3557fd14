// SPDX-License-Identifier: Apache-2.0
#include "cli/text/words.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/near_miss.h"

namespace assay {
namespace {

using Options = std::map<std::string, const CLI::Option*>;

// Options as a person writes them ("--seeds"), of the program and of a command.
Options options_of(const CLI::App& app, const CLI::App* command) {
  Options options;
  for (const CLI::App* one : {&app, command}) {
    if (one == nullptr) continue;
    for (const CLI::Option* option : one->get_options()) {
      for (const auto& name : option->get_lnames()) options["--" + name] = option;
    }
  }
  return options;
}

std::vector<std::string> names_of(const Options& options) {
  std::vector<std::string> names;
  for (const auto& [name, option] : options) names.push_back(name);
  return names;
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
  const CLI::App* command = nullptr;
  const CLI::App* inner = nullptr;  // of the word after "data" or "baseline"
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("-")) {
      if (!word.starts_with("--") || word == "--") continue;
      const std::string name = word.substr(0, word.find('='));
      const Options options = options_of(app, inner != nullptr ? inner : command);
      const auto known = options.find(name);
      if (known == options.end()) {
        throw Error(fmt::format("{}: unknown option{}", name,
                                suggestion(name, names_of(options), "options")));
      }
      const bool takes_next = name == word && known->second->get_items_expected_max() > 0;
      if (takes_next) ++i;
    } else if (command == nullptr) {
      command = find_command(app, word);
      if (command == nullptr) {
        throw Error(fmt::format("'{}' is not a command{}", word,
                                suggestion(word, visible_commands(app), "commands")));
      }
    } else if (inner == nullptr && !visible_commands(*command).empty()) {
      inner = find_command(*command, word);
      if (inner == nullptr) {
        throw Error(fmt::format("{} {}: is not a command{}", command->get_name(), word,
                                suggestion(word, visible_commands(*command), "commands")));
      }
    }
  }
}

const CLI::Validator is_number(
    [](const std::string& text) {
      return text.find_first_of("0123456789") == std::string::npos ? "is no number" : "";
    },
    "", "is_number");

std::string counted_text(std::int64_t n, std::string_view one) {
  return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

std::string not_empty(const std::string& text) {
  return text.empty() ? "needs a value; leave the option out for the default" : "";
}

}  // namespace assay
