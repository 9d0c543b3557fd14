// SPDX-License-Identifier: Apache-2.0
#include "results/where.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/near_miss.h"

namespace assay {
namespace {

struct Column {
  std::string_view name;
  std::string_view sql;
};

constexpr std::array<Column, 20> kColumns = {{{"run", "r.id"},
                                              {"uuid", "r.uuid"},
                                              {"experiment", "e.name"},
                                              {"name", "e.name"},
                                              {"family", "e.family"},
                                              {"id", "e.id"},
                                              {"seed", "r.seed"},
                                              {"status", "r.status"},
                                              {"device", "r.device"},
                                              {"threads", "r.threads"},
                                              {"jobs", "r.jobs"},
                                              {"smoke", "r.smoke"},
                                              {"dirty", "r.dirty"},
                                              {"commit", "r.commit_id"},
                                              {"images_seen", "r.images_seen"},
                                              {"wall_seconds", "r.wall_seconds"},
                                              {"peak_memory_bytes", "r.peak_memory_bytes"},
                                              {"started_at", "r.started_at"},
                                              {"cpu", "m.cpu"},
                                              {"gpu", "m.gpu"}}};

constexpr std::array<std::string_view, 6> kOperators = {"!=", "<=", ">=", "=", "<", ">"};

const Column* column_named(std::string_view name) {
  const auto found = std::ranges::find(kColumns, name, &Column::name);
  return found == kColumns.end() ? nullptr : &*found;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@' || c == '-' ||
         c == '.';
}

std::string lower(std::string_view word) {
  std::string text(word);
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

// or < and < not < ( ) and comparisons.
class Where::Parser {
 public:
  Parser(std::string_view text, Where& into) : text_(text), into_(into) {}

  void parse() {
    any();
    skip_spaces();
    if (at_ < text_.size()) wrong("'and', 'or' or the end");
  }

 private:
  void any() {
    all();
    while (take_word("or")) {
      into_.sql_ += " OR ";
      all();
    }
  }

  void all() {
    one();
    while (take_word("and")) {
      into_.sql_ += " AND ";
      one();
    }
  }

  void one() {
    constexpr int kDeepest = 100;
    if (++depth_ > kDeepest) wrong("fewer parentheses");
    if (take_word("not")) {
      into_.sql_ += "NOT ";
      one();
    } else if (take("(")) {
      into_.sql_ += "(";
      any();
      into_.sql_ += ")";
      if (!take(")")) wrong("')'");
    } else {
      comparison();
    }
    --depth_;
  }

  void comparison() {
    const auto name = word();
    if (!name || std::isdigit(static_cast<unsigned char>(name->front())) != 0)
      wrong("a column or a metric");
    operand(*name);
    for (const auto symbol : kOperators) {
      if (!take(symbol)) continue;
      into_.sql_ += fmt::format(" {} ", symbol);
      parameter();
      return;
    }
    if (take_word("in")) {
      list();
    } else if (take_word("like")) {
      into_.sql_ += " LIKE ";
      parameter();
    } else if (lower(*name) == "smoke" || lower(*name) == "dirty") {
      into_.sql_ += " <> 0";  // a flag by itself
    } else {
      wrong(fmt::format("one of = != < <= > >= in like after {}", *name));
    }
  }

  void operand(const std::string& name) {
    if (const Column* column = column_named(lower(name))) {
      into_.sql_ += column->sql;
      return;
    }
    const auto at = name.find('@');
    into_.metrics_.push_back(name);
    into_.parameters_.emplace_back(name.substr(0, at));
    into_.sql_ +=
        "(SELECT s.value FROM metric s JOIN protocol p ON p.id = s.protocol_id WHERE s.run_id = "
        "r.id AND s.name = ?";
    if (at != std::string::npos) {
      into_.sql_ += " AND p.extractor = ?";
      into_.parameters_.emplace_back(name.substr(at + 1));
    }
    into_.sql_ += " ORDER BY s.images_seen DESC LIMIT 1)";
  }

  void list() {
    if (!take("(")) wrong("'('");
    into_.sql_ += " IN (";
    do {
      if (into_.sql_.back() == '?') into_.sql_ += ", ";
      parameter();
    } while (take(","));
    if (!take(")")) wrong("',' or ')'");
    into_.sql_ += ")";
  }

  void parameter() {
    into_.sql_ += "?";
    skip_spaces();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote == '\'' || quote == '"') {
      const auto end = text_.find(quote, at_ + 1);
      if (end == std::string_view::npos) wrong("a closing quote");
      into_.parameters_.emplace_back(std::string(text_.substr(at_ + 1, end - at_ - 1)));
      at_ = end + 1;
      return;
    }
    number();
  }

  void number() {
    const char* begin = text_.data() + at_;
    const char* end = text_.data() + text_.size();
    std::int64_t whole = 0;
    double real = 0.0;
    const auto as_whole = std::from_chars(begin, end, whole);
    const auto as_real = std::from_chars(begin, end, real);
    const auto word_value = as_real.ec == std::errc() ? std::optional<std::string>() : word();
    if (word_value == "true" || word_value == "false") {
      into_.parameters_.emplace_back(std::int64_t{*word_value == "true"});
    } else if (as_real.ec != std::errc() || !std::isfinite(real)) {
      wrong("a number, or a text in quotes");
    } else if (as_whole.ec == std::errc() && as_whole.ptr == as_real.ptr) {
      into_.parameters_.emplace_back(whole);
      at_ += static_cast<std::size_t>(as_whole.ptr - begin);
    } else {
      into_.parameters_.emplace_back(real);
      at_ += static_cast<std::size_t>(as_real.ptr - begin);
    }
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(std::string_view symbol) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  std::optional<std::string> word() {
    skip_spaces();
    const auto end =
        std::find_if_not(text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end(), is_word);
    const auto length = static_cast<std::size_t>(end - text_.begin()) - at_;
    if (length == 0) return std::nullopt;
    return std::string(text_.substr(std::exchange(at_, at_ + length), length));
  }

  bool take_word(std::string_view wanted) {
    const std::size_t before = at_;
    const auto found = word();
    if (found && lower(*found) == wanted) return true;
    at_ = before;
    return false;
  }

  [[noreturn]] void wrong(std::string_view expected) {
    throw Error(fmt::format(
        "--where \"{}\": at character {} there should be {}; for example --where \"family = 'gan' "
        "and fd < 30\"",
        text_, at_ + 1, expected));
  }

  std::string_view text_;
  Where& into_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

Where::Where(std::string_view text) { Parser(text, *this).parse(); }

namespace {

[[noreturn]] void refuse_unknown(const Database& database, const std::string& name) {
  std::vector<std::string> known;
  auto names = database.prepare("SELECT DISTINCT name FROM metric");
  while (names.step()) known.push_back(names.text(0));
  for (const Column& column : kColumns) known.emplace_back(column.name);
  throw Error(fmt::format("--where: '{:.100}' is no column of runs and no metric in {}{}", name,
                          database.file().string(),
                          short_suggestion(name, known, "names", "results/README.md lists")));
}

// Scores of two extractors are two scales: a bare name stands for one only where there is one.
void check_metric(const Database& database, const std::string& name) {
  const auto at = name.find('@');
  const std::string metric = name.substr(0, at);
  // The first row that has it is enough; all rows are read only for the error's sake.
  auto any = database.prepare("SELECT 1 FROM metric WHERE name = ? LIMIT 1");
  any.bind(metric);
  if (!any.step()) refuse_unknown(database, metric);
  std::vector<std::string> scales;
  auto extractors = database.prepare(
      "SELECT DISTINCT coalesce(extractor, '') FROM protocol WHERE json_extract(fields, "
      "'$.metric') = ? ORDER BY 1");
  extractors.bind(metric);
  while (extractors.step()) {
    const std::string extractor = extractors.text(0);
    scales.push_back(extractor.empty() ? metric : metric + "@" + extractor);
  }
  const bool is_one = at == std::string::npos ? scales.size() == 1
                                              : std::ranges::find(scales, name) != scales.end();
  if (is_one || scales.empty()) return;
  throw Error(fmt::format("--where: '{:.100}' {}: {}", name,
                          at == std::string::npos
                              ? "may be a score of several extractors; write one"
                              : "was never scored here; there is",
                          fmt::join(scales, ", ")));
}

}  // namespace

std::set<std::int64_t> Where::runs_of(const Database& database) const {
  for (const auto& name : metrics_) check_metric(database, name);
  auto query = database.prepare(fmt::format(
      "SELECT r.id FROM run r JOIN experiment e ON e.id = r.experiment_id JOIN machine m ON m.id = "
      "r.machine_id WHERE {}",
      sql_));
  query.bind_all(std::span(parameters_));
  std::set<std::int64_t> found;
  while (query.step()) found.insert(query.integer(0));
  return found;
}

}  // namespace assay
