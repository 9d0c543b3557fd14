// SPDX-License-Identifier: Apache-2.0
#include "config/claim.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "config/validate.h"
#include "core/error.h"
#include "core/metric_kind.h"
#include "core/near_miss.h"

namespace assay {
namespace {

// In the order of the enumerators.
constexpr std::array kDirections = {better_name(Better::kLower), better_name(Better::kHigher)};
constexpr std::array<std::string_view, 4> kTests = {"sign", "wilcoxon", "mann_whitney", "welch"};

template <std::size_t N>
std::vector<std::string> texts(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}

template <std::size_t N>
std::size_t place_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

Key required(std::string path, std::string meaning, std::vector<std::string> choices = {}) {
  Key key;
  key.path = std::move(path);
  key.default_value = std::string();
  key.meaning = "required: " + std::move(meaning);
  key.choices = std::move(choices);
  return key;
}

std::string required_text(const SourceItem& item, const std::string& path) {
  const auto text = value_of<std::string>(item.values, claim_schema(), path);
  if (text.empty()) {
    throw Error(fmt::format(
        "{}: a [[claim]] needs text, left, right, metric, direction and test; '{}' is missing",
        item.where, path));
  }
  return text;
}

std::string side_of(const SourceItem& item, const std::string& path,
                    const std::vector<std::string>& members) {
  const std::string name = required_text(item, path);
  const auto& where = item.values.at(path).where;
  const auto times = std::ranges::count(members, name);
  if (times == 0) {
    throw Error(fmt::format("{}: {} = '{}' is no [[member]] of this suite{}", where, path, name,
                            suggestion(name, members, "members")));
  }
  if (times > 1) {
    throw Error(
        fmt::format("{}: {} = '{}' is {} members of this suite; give each a name of its own "
                    "(as = \"…\"), so that the claim says which one it means",
                    where, path, name, times));
  }
  return name;
}

}  // namespace

const Schema& claim_schema() {
  static const Schema keys = {
      required("text", "the statement in words"),
      required("left", "the member that the statement is about"),
      required("right", "the member it is compared with"),
      required("metric", "metric of both, as iwae_nll or fd@fmnist-cnn"),
      required("direction",
               "lower: factor * left + margin < right; higher: left > factor * right + margin",
               texts(kDirections)),
      required("test", "sign and wilcoxon compare seed by seed, mann_whitney and welch do not",
               texts(kTests)),
      {.path = "factor",
       .default_value = 1.0,
       .meaning = "by how many times at least; for metrics above 0 only",
       .minimum = 1.0,
       .maximum = 1e9},
      {.path = "margin",
       .default_value = 0.0,
       .meaning = "by how much at least, in the metric's unit",
       .minimum = 0.0,
       .maximum = 1e12},
      {.path = "alpha",
       .default_value = 0.05,
       .meaning = "one-sided level, over all claims of the suite together (Holm)",
       .minimum = 1e-4,
       .maximum = 0.2},
      {.path = "source", .default_value = std::string(), .meaning = "the paper that states it"}};
  return keys;
}

std::string_view test_name(ClaimTest test) { return kTests[static_cast<std::size_t>(test)]; }

bool is_paired(ClaimTest test) { return test == ClaimTest::kSign || test == ClaimTest::kWilcoxon; }

MetricName split_metric(std::string_view name) {
  const auto at = name.find('@');
  if (at == std::string_view::npos) return {std::string(name), ""};
  return {std::string(name.substr(0, at)), std::string(name.substr(at + 1))};
}

Claim read_claim(const SourceItem& item, const std::vector<std::string>& members) {
  for (const auto& [path, value] : item.values) require_key(claim_schema(), path, value.where);
  Claim claim;
  claim.where = item.where;
  claim.text = required_text(item, "text");
  claim.left = side_of(item, "left", members);
  claim.right = side_of(item, "right", members);
  if (claim.left == claim.right) {
    throw Error(fmt::format("{}: left and right are both '{}'; a claim compares two experiments",
                            item.values.at("right").where, claim.right));
  }
  claim.metric = required_text(item, "metric");
  claim.direction = static_cast<Better>(place_of(kDirections, required_text(item, "direction")));
  claim.test = static_cast<ClaimTest>(place_of(kTests, required_text(item, "test")));
  claim.factor = value_of<double>(item.values, claim_schema(), "factor");
  claim.margin = value_of<double>(item.values, claim_schema(), "margin");
  claim.alpha = value_of<double>(item.values, claim_schema(), "alpha");
  claim.source = value_of<std::string>(item.values, claim_schema(), "source");
  return claim;
}

std::set<std::uint64_t> distinct_seeds(std::span<const std::uint64_t> seeds) {
  return {seeds.begin(), seeds.end()};
}

void check_claim_seeds(const Claim& claim, std::span<const std::uint64_t> left,
                       std::span<const std::uint64_t> right) {
  const auto seeds = std::array{distinct_seeds(left), distinct_seeds(right)};
  const auto names = std::array{claim.left, claim.right};
  for (std::size_t side = 0; side < 2; ++side) {
    if (seeds[side].size() >= kFewestClaimSeeds) continue;
    throw Error(fmt::format(
        "{}: a claim needs at least {} seeds on each side, with fewer a paired test cannot be "
        "significant; '{}' has {} ({}): give its [[member]] seeds = [0, 1, 2, 3, 4]",
        claim.where, kFewestClaimSeeds, names[side], seeds[side].size(),
        fmt::join(seeds[side], ", ")));
  }
  if (is_paired(claim.test) && seeds[0] != seeds[1]) {
    throw Error(fmt::format(
        "{}: test = '{}' compares seed by seed, but '{}' has the seeds {} and '{}' has {}; give "
        "both the same seeds, or take mann_whitney or welch",
        claim.where, test_name(claim.test), claim.left, fmt::join(seeds[0], ", "), claim.right,
        fmt::join(seeds[1], ", ")));
  }
}

}  // namespace assay
