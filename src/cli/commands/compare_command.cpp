// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <set>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/targets.h"
#include "cli/text/table.h"
#include "cli/text/words.h"
#include "config/suite.h"
#include "core/error.h"
#include "core/metric_kind.h"
#include "core/near_miss.h"
#include "metrics/metric.h"
#include "reports/comparison/compare.h"
#include "reports/comparison/compare_json.h"
#include "reports/comparison/compare_text.h"
#include "results/queries.h"

namespace assay {
namespace {

struct CompareCommand {
  std::vector<std::string> operands;
  std::vector<std::string> metrics;
  std::string where;
  std::optional<double> margin;
  double alpha = 0.05;
};

bool is_database(const std::filesystem::path& file) {
  std::error_code absent;
  if (!std::filesystem::is_regular_file(file, absent)) return false;
  std::string magic(15, '\0');
  std::ifstream(file, std::ios::binary).read(magic.data(), 15);
  return magic == "SQLite format 3";
}

bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(text,
                             [](unsigned char c) { return std::isxdigit(c) != 0 || c == '-'; });
}

// Of an id or a uuid, where fewer might as well be a name.
constexpr std::size_t kFewestDigits = 8;

// The name or the id by which runs of an experiment are stored, if the word is one: eight digits
// or more stand for the one id that begins so.
std::optional<std::string> stored_experiment(const std::string& word,
                                             const std::vector<RunRow>& stored) {
  std::set<std::string> ids;
  for (const RunRow& run : stored) {
    if (run.experiment == word) return word;
    if (word.size() >= kFewestDigits && run.experiment_id.starts_with(word))
      ids.insert(run.experiment_id);
  }
  return ids.size() == 1 ? std::optional(*ids.begin()) : std::nullopt;
}

Plan plan_of(const std::string& target) {
  TargetOptions options;
  options.targets = {target};
  return make_plan(options);
}

// As `assay show` takes it. A word that may be a name too is a run's only if one begins so.
bool names_a_stored_run(const std::string& word, const std::vector<RunRow>& stored) {
  if (!is_hexadecimal(word)) return false;
  const bool numbered = std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c); });
  return numbered || word.size() >= kFewestDigits ||
         std::ranges::any_of(stored, [&](const RunRow& run) { return run.uuid.starts_with(word); });
}

// What a word means, the first that fits: a database's file, an experiment with runs in it, a
// suite or a definition's file, a run.
CompareOperand operand_of(const std::string& word, const std::filesystem::path& file,
                          std::vector<RunRow>& stored) {
  if (is_database(word)) return {.label = word, .database = word, .whole = true};
  const bool is_definition = std::filesystem::path(word).extension() == ".toml";
  std::error_code absent;
  if (!is_definition && std::filesystem::is_regular_file(word, absent)) {
    throw Error(
        fmt::format("compare: {}: is a file and no database; compare takes databases, "
                    "definitions (.toml), experiments, suites and runs",
                    word));
  }
  const Database database = Database::open_for_reading(file);
  if (stored.empty()) stored = runs(database);
  if (const auto known = stored_experiment(word, stored))
    return {.label = word, .database = file, .experiments = {*known}};
  const auto suites = suite_names();
  if (is_definition || std::ranges::find(suites, word) != suites.end())
    return {.label = word, .database = file, .experiments = stored_as(plan_of(word), stored)};
  if (names_a_stored_run(word, stored)) {
    const RunRow run = find_run(database, word);
    return {.label = word, .database = file, .experiments = {run.experiment_id}, .uuid = run.uuid};
  }
  std::vector<std::string> names;
  for (const RunRow& run : stored) names.push_back(run.experiment);
  throw Error(fmt::format(
      "compare: '{:.200}' is no database, and {} holds no run of an experiment, "
      "a suite or a run of that name{}",
      word, file.string(), short_suggestion(word, names, "experiments", "`assay list` shows")));
}

std::int64_t refused_pairs(const Comparison& comparison) {
  return std::ranges::count_if(comparison.pairs, [](const ComparedMetric& pair) {
    return pair.decision.verdict == Verdict::kNotComparable;
  });
}

void print_tables(const Comparison& comparison) {
  std::vector<std::string> heading = {""};
  for (const std::size_t shown : shown_columns(comparison)) {
    const MetricColumn& column = comparison.columns[shown];
    const std::string_view arrow = column.better == Better::kLower    ? " ↓"
                                   : column.better == Better::kHigher ? " ↑"
                                                                      : "";
    heading.push_back(column.label + std::string(arrow));
  }
  Table table(heading);
  for (const CompareRow& row : compare_rows(comparison)) {
    std::vector<std::string> cells = {row.label};
    cells.insert(cells.end(), row.cells.begin(), row.cells.end());
    table.add(cells);
  }
  fmt::print("{}\n", table.text());
  for (const ComparedMetric& pair : comparison.pairs) {
    fmt::print("{:<13} {}: {}\n", verdict_name(pair.decision.verdict),
               comparison.columns[pair.column].label, terminal_text(sentence_of(comparison, pair)));
    if (pair.examples) {
      const auto& right = comparison.entries[pair.right].label;
      fmt::print("{:<13} {}\n", "", terminal_text(example_pairs_text(*pair.examples, right)));
    }
  }
  for (const auto& note : comparison.notes) fmt::print("note: {}\n", terminal_text(note));
  if (const auto refused = refused_pairs(comparison); refused > 0) {
    fmt::print("{} not compared, since the protocols differ (exit 6); --metric chooses what is\n",
               counted_text(refused, "pair"));
  }
}

// Less than what was asked for is said by the exit code too; --metric asks for less.
int exit_code_of(const Comparison& comparison) {
  return static_cast<int>(refused_pairs(comparison) == 0 ? ExitCode::kFine
                                                         : ExitCode::kNotComparable);
}

int compare_command(const CompareCommand& command, const CommonOptions& common) {
  CompareOptions options{.metrics = command.metrics,
                         .kinds = metric_kinds(),
                         .margin = command.margin.value_or(0.05),
                         .guard = command.margin.value_or(0.0),
                         .alpha = command.alpha};
  if (!command.where.empty()) options.where = Where(command.where);
  std::vector<CompareOperand> operands;
  std::vector<RunRow> stored;  // of --db, once it is asked for
  for (const auto& word : command.operands)
    operands.push_back(operand_of(word, common.database, stored));
  const bool any = std::ranges::any_of(operands, &CompareOperand::whole);
  if (any && !std::ranges::all_of(operands, &CompareOperand::whole)) {
    throw Error(
        "compare: databases are compared with databases, experiments with experiments of --db; "
        "merge two databases with `assay merge A B --into C` to compare across them");
  }
  const Comparison comparison = compare(operands, options);
  if (common.json) {
    print_json(compare_json(comparison));
  } else {
    print_tables(comparison);
  }
  return exit_code_of(comparison);
}

}  // namespace

void add_compare(App& app) {
  auto options = std::make_shared<CompareCommand>();
  CLI::App* compare = app.command(
      "compare", "experiments, runs, suites or databases side by side: what differs, how surely",
      "assay compare vae/fashion_mnist gan/fashion_mnist --metric fd");
  compare
      ->add_option(
          "WHAT", options->operands,
          "two or more: database files, or experiments, definitions (.toml), ids, suites and "
          "runs of --db")
      ->required()
      ->expected(1, 1000);
  compare->add_option("--metric", options->metrics, "only these: fd, fd@pixels")
      ->allow_extra_args(false);
  compare
      ->add_option("--where", options->where,
                   "only runs that meet it: \"seed < 3 and device = 'cpu'\"")
      ->check(not_empty);
  compare
      ->add_option(
          "--margin", options->margin,
          "share of the first one's mean up to which a difference does not matter (without "
          "it every one does, and the same means that 0.05 can be ruled out)")
      ->check(CLI::Range(0.0, 1e6) & is_number);
  compare->add_option("--alpha", options->alpha, "level of the tests, over the table (Holm)")
      ->check(CLI::Range(1e-9, 0.5) & is_number)
      ->capture_default_str();
  app.add_json(compare);
  app.act(compare, [&app, options] { return compare_command(*options, app.common()); });
}

}  // namespace assay
