// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/code_groups.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

// Which rows have which value of each factor.
class RowsByValue {
 public:
  RowsByValue(const CheckedCodes& codes, std::string_view metric)
      : factors_(codes.factors.contiguous()) {
    for (const std::int64_t size : codes.sizes) {
      rows_.emplace_back(static_cast<std::size_t>(size));
    }
    for (std::int64_t row = 0; row < factors_.size(0); ++row) {
      for (std::size_t factor = 0; factor < rows_.size(); ++factor) {
        rows_[factor][value(row, factor)].push_back(row);
      }
    }
    check(metric);
  }

  std::size_t factors() const { return rows_.size(); }
  std::int64_t all() const { return factors_.size(0); }
  /// A row with the same value of the factor as this one has.
  std::int64_t like(std::int64_t row, std::size_t factor, RandomStream& random) const {
    const auto& same = rows_[factor][value(row, factor)];
    return same[random.below(same.size())];
  }

 private:
  std::size_t value(std::int64_t row, std::size_t factor) const {
    const auto place = static_cast<std::size_t>(row) * rows_.size() + factor;
    return static_cast<std::size_t>(factors_.const_data_ptr<std::int64_t>()[place]);
  }
  void check(std::string_view metric) const {
    for (std::size_t factor = 0; factor < rows_.size(); ++factor) {
      for (std::size_t v = 0; v < rows_[factor].size(); ++v) {
        if (rows_[factor][v].size() != 1) continue;
        throw Error(
            fmt::format("{}: only one row has the value {} of factor {}, so no two can share it; "
                        "give more rows than {}",
                        metric, v, factor, all()));
      }
    }
  }

  at::Tensor factors_;
  std::vector<std::vector<std::vector<std::int64_t>>> rows_;  // [factor][value][…]
};

std::int64_t any_row(const RowsByValue& rows, RandomStream& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows.all())));
}

}  // namespace

GroupDraw group_draw(const MetricInputs& inputs, std::string_view metric) {
  const auto asked = [&](const char* key) {
    return whole_option(inputs, fmt::format("{}.{}", metric, key));
  };
  const auto seed = static_cast<std::uint64_t>(asked("seed"));
  return {asked("groups"), asked("group_size"), stream_seed(seed, metric)};
}

RowGroups draw_groups(const CheckedCodes& codes, const GroupDraw& draw, std::string_view metric) {
  const RowsByValue rows(codes, metric);
  RandomStream random(draw.seed);
  RowGroups groups{at::empty({draw.groups, draw.size}, at::kLong), {}};
  auto* row = groups.rows.mutable_data_ptr<std::int64_t>();
  for (std::int64_t group = 0; group < draw.groups; ++group) {
    const std::size_t factor = random.below(rows.factors());
    const std::int64_t first = any_row(rows, random);
    groups.factors.push_back(static_cast<std::int64_t>(factor));
    for (std::int64_t i = 0; i < draw.size; ++i) *row++ = rows.like(first, factor, random);
  }
  return groups;
}

RowGroups draw_pairs(const CheckedCodes& codes, const GroupDraw& draw, std::string_view metric) {
  const RowsByValue rows(codes, metric);
  RandomStream random(draw.seed);
  RowGroups groups{at::empty({draw.groups, draw.size, 2}, at::kLong), {}};
  auto* row = groups.rows.mutable_data_ptr<std::int64_t>();
  for (std::int64_t group = 0; group < draw.groups; ++group) {
    const std::size_t factor = random.below(rows.factors());
    groups.factors.push_back(static_cast<std::int64_t>(factor));
    for (std::int64_t i = 0; i < draw.size; ++i) {
      const std::int64_t first = any_row(rows, random);
      *row++ = first;
      *row++ = rows.like(first, factor, random);
    }
  }
  return groups;
}

at::Tensor of_groups(const at::Tensor& codes, const at::Tensor& rows,
                     const std::function<at::Tensor(const at::Tensor&)>& f) {
  constexpr std::int64_t kGroups = 512;
  std::vector<at::Tensor> parts;
  run_serial([&] {
    for (std::int64_t i = 0; i < rows.size(0); i += kGroups) {
      const auto block = rows.slice(0, i, std::min(i + kGroups, rows.size(0)));
      auto shape = block.sizes().vec();
      shape.push_back(codes.size(1));
      parts.push_back(f(codes.index_select(0, block.flatten()).view(shape)));
    }
  });
  return at::cat(parts);
}

}  // namespace assay
