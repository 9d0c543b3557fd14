// SPDX-License-Identifier: Apache-2.0
#include "config/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "config/toml_source.h"
#include "config/validate.h"
#include "core/error.h"
#include "core/file.h"
#include "core/paths.h"

namespace assay {
namespace {

SuiteMember read_member(const SourceItem& item, const std::filesystem::path& folder) {
  for (const auto& [path, value] : item.values) require_key(member_schema(), path, value.where);
  SuiteMember member;
  member.experiment = value_of<std::string>(item.values, member_schema(), "experiment");
  if (member.experiment.empty()) {
    throw Error(fmt::format("{}: a [[member]] needs experiment = \"…\"", item.where));
  }
  for (const auto seed :
       value_of<std::vector<std::int64_t>>(item.values, member_schema(), "seeds")) {
    member.seeds.push_back(static_cast<std::uint64_t>(seed));
  }
  for (const auto& change :
       value_of<std::vector<std::string>>(item.values, member_schema(), "set")) {
    member.overrides.push_back(parse_override(change));
    member.overrides.back().origin = item.values.at("set").where;
    member.overrides.back().folder = folder;
  }
  member.name = value_of<std::string>(item.values, member_schema(), "as");
  if (member.name.empty()) member.name = member.experiment;
  return member;
}

// Every point of the member's sweep as a member of its own.
std::vector<SuiteMember> swept(const SuiteMember& member, const SourceItem& item) {
  const auto sweep = item.values.find("sweep");
  if (sweep == item.values.end()) return {member};
  std::vector<SuiteMember> points;
  for (const auto& point :
       expand_sweeps(value_of<std::vector<std::string>>(item.values, member_schema(), "sweep"))) {
    points.push_back(member);
    for (const Override& change : point) {
      if (!only_scores(change.path)) {
        throw Error(
            fmt::format("{}: sweep of {}: a member's sweep scores one training in several "
                        "ways, by keys of [eval] and [sampler]; give each of the others a "
                        "[[member]] with set",
                        sweep->second.where, change.path));
      }
      points.back().name += fmt::format(" {}={}", change.path, change.value);
      points.back().overrides.push_back(change);
      points.back().overrides.back().origin = sweep->second.where;
    }
  }
  return points;
}

std::vector<Claim> read_claims(const std::vector<SourceItem>& items,
                               const std::vector<SuiteMember>& members) {
  std::vector<std::string> names;
  for (const SuiteMember& member : members) names.push_back(member.name);
  std::vector<Claim> claims;
  for (const SourceItem& item : items) {
    Claim claim = read_claim(item, names);
    const auto twin = std::ranges::find(claims, claim.text, &Claim::text);
    if (twin != claims.end()) {
      throw Error(fmt::format("{}: the claim at {} has the same text; verdicts go by it",
                              item.values.at("text").where, twin->where));
    }
    claims.push_back(std::move(claim));
  }
  return claims;
}

// whole: the option as it was given, for messages.
std::uint64_t parse_seed(std::string_view text, const std::string& whole) {
  std::uint64_t seed = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty()) {
    throw Error(fmt::format("{}: '{}' is not a whole number from 0 on, as 7", whole, text));
  }
  if (seed > kLargestSeed) {
    throw Error(
        fmt::format("{}: {} is too large; seeds go from 0 to {}", whole, text, kLargestSeed));
  }
  return seed;
}

// Splits at commas that are not inside brackets or quotes.
std::vector<std::string> split_values(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '[') ++depth;
    if (!quoted && c == ']') --depth;
    if (c == ',' && depth == 0 && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

const Schema& suite_schema() {
  static const Schema keys = {
      {.path = "name", .default_value = std::string(), .meaning = "what reports call the suite"},
      {.path = "note", .default_value = std::string(), .meaning = "free text"},
      {.path = "smoke", .default_value = false, .meaning = "cut every member to seconds"}};
  return keys;
}

const Schema& member_schema() {
  static const Schema keys = {
      {.path = "experiment", .default_value = std::string(), .meaning = "name of an experiment"},
      {.path = "as",
       .default_value = std::string(),
       .meaning = "what claims call the member, where its experiment's name would not tell"},
      {.path = "seeds",
       .default_value = std::vector<std::int64_t>{},
       .meaning = "training seeds",
       .minimum = 0,
       .maximum = static_cast<double>(kLargestSeed)},
      {.path = "set",
       .default_value = std::vector<std::string>{},
       .meaning = "overrides, each \"key=value\""},
      {.path = "sweep",
       .default_value = std::vector<std::string>{},
       .meaning =
           "several ways of scoring one training, each \"key=a,b,c\" of [eval] or [sampler]"}};
  return keys;
}

bool is_suite(const std::filesystem::path& file) {
  return parse_toml(read_file(file, kMaxDefinitionBytes), file.string()).items.contains("member");
}

Suite read_suite(const std::filesystem::path& file) {
  const TomlSource source = parse_toml(read_file(file, kMaxDefinitionBytes), file.string());
  for (const auto& [path, value] : source.values) require_key(suite_schema(), path, value.where);
  for (const auto& [name, items] : source.items) {
    if (name != "member" && name != "claim") {
      throw Error(fmt::format("{}: unknown table [[{}]] in a suite; known: [[member]], [[claim]]",
                              items.front().where, name));
    }
  }
  Suite suite;
  suite.name = value_of<std::string>(source.values, suite_schema(), "name");
  if (suite.name.empty()) suite.name = file.stem().string();
  suite.note = value_of<std::string>(source.values, suite_schema(), "note");
  suite.smoke = value_of<bool>(source.values, suite_schema(), "smoke");
  const auto members = source.items.find("member");
  if (members == source.items.end()) {
    throw Error(fmt::format("{}: a suite needs at least one [[member]]", file.string()));
  }
  const auto folder = absolute_path(file).parent_path();
  for (const SourceItem& item : members->second) {
    for (auto& member : swept(read_member(item, folder), item)) {
      suite.members.push_back(std::move(member));
    }
  }
  const auto claims = source.items.find("claim");
  if (claims != source.items.end()) suite.claims = read_claims(claims->second, suite.members);
  return suite;
}

std::uint64_t parse_one_seed(std::string_view text) {
  return parse_seed(text, fmt::format("--seed {}", text));
}

std::vector<std::uint64_t> parse_seeds(std::string_view text) {
  constexpr std::uint64_t kMaxSeeds = 10000;
  const std::string whole = fmt::format("--seeds {}", text);
  std::vector<std::uint64_t> seeds;
  for (const std::string& part : split_values(text)) {
    const auto dots = part.find("..");
    const std::uint64_t first = parse_seed(std::string_view(part).substr(0, dots), whole);
    const std::uint64_t last = dots == std::string::npos
                                   ? first
                                   : parse_seed(std::string_view(part).substr(dots + 2), whole);
    if (last < first) {
      throw Error(
          fmt::format("--seeds {}: '{}' runs backwards; write {}..{}", text, part, last, first));
    }
    if (last - first >= kMaxSeeds) {
      throw Error(fmt::format("--seeds {}: '{}' are more than {} seeds", text, part, kMaxSeeds));
    }
    for (std::uint64_t seed = first; seed <= last; ++seed) {
      if (std::ranges::find(seeds, seed) == seeds.end()) seeds.push_back(seed);
    }
  }
  return seeds;
}

bool only_describes(std::string_view key) {
  return key == "name" || key == "note" || key == "tier" || key == "reproduces";
}

bool is_of_files(std::string_view key) { return key == "extends" || key == "revision"; }

std::vector<std::vector<Override>> expand_sweeps(const std::vector<std::string>& arguments) {
  std::vector<std::vector<Override>> points(1);
  std::set<std::string> swept;
  for (const std::string& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size()) {
      throw Error(fmt::format("--sweep {}: needs the form key=a,b,c", argument));
    }
    const std::string key = argument.substr(0, equals);
    if (key == "seeds") {
      throw Error(fmt::format("--sweep {}: seeds are named by --seeds 0,1,2", argument));
    }
    if (!swept.insert(key).second) {
      throw Error(
          fmt::format("--sweep {}: {} is swept twice; name all its values in one", argument, key));
    }
    if (is_of_files(key)) {
      throw Error(
          fmt::format("--sweep {}: {} is read in a definition's file alone", argument, key));
    }
    if (only_describes(key)) {
      throw Error(
          fmt::format("--sweep {}: {} changes no run, so all points would be one", argument, key));
    }
    std::vector<std::vector<Override>> more;
    for (const auto& point : points) {
      for (const std::string& value : split_values(std::string_view(argument).substr(equals + 1))) {
        more.push_back(point);
        more.back().push_back(
            {argument.substr(0, equals), value, fmt::format("--sweep {}", argument)});
      }
    }
    points = std::move(more);
  }
  return points;
}

}  // namespace assay
