// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "metrics/codes/codes.h"

namespace assay {

/// How many groups of images that share a factor's value are drawn from those at hand, and of how
/// many images (or pairs) each.
struct GroupDraw {
  std::int64_t groups = 0, size = 0;
  std::uint64_t seed = 0;
};

/// By the metric's options "groups", "group_size" and "seed".
GroupDraw group_draw(const MetricInputs& inputs, std::string_view metric);

/// Rows that make groups, and the factor that each group is about.
struct RowGroups {
  at::Tensor rows;  ///< [G,B] i64 of groups, [G,B,2] of pairs
  std::vector<std::int64_t> factors;
};

/// G groups of a factor each, drawn evenly; the value is that of a random row, and the B rows are
/// drawn from those with this value, with replacement (Kim & Mnih 2018, sec. 4, with the rows at
/// hand for the generator). Throws Error naming the metric if only one row has some factor's value.
RowGroups draw_groups(const CheckedCodes& codes, const GroupDraw& draw, std::string_view metric);

/// The same of B pairs: the two rows of each share the factor's value, other pairs may have others
/// (Higgins et al. 2017, algorithm 1).
RowGroups draw_pairs(const CheckedCodes& codes, const GroupDraw& draw, std::string_view metric);

/// f of the codes [g,…,L] of some groups at a time, joined: [G,…].
at::Tensor of_groups(const at::Tensor& codes, const at::Tensor& rows,
                     const std::function<at::Tensor(const at::Tensor&)>& f);

}  // namespace assay
