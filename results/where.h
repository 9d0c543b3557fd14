// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/database.h"

namespace assay {

/// A condition on runs, as --where takes it:
///
///   family = 'gan' and (fd < 30 or recall >= 0.5) and not dirty and seed in (0, 1, 2)
///
/// Names are columns of runs (README.md lists them) and metrics, which stand for their last value
/// ("fd@fmnist-cnn": on one extractor); operators are = != < <= > >= in like; words join by and,
/// or, not, ( ). Texts are in single or double quotes. What a user writes only ever becomes
/// parameters: the SQL is put together of words that stand in where.cpp.
class Where {
 public:
  /// Throws Error (exit 2) with the place that is wrong and what was expected there.
  explicit Where(std::string_view text);

  /// Numbers of the runs that meet it. Throws Error (exit 2) for a name that is neither a column
  /// nor a metric of this database, with the near miss, and for a metric without its extractor
  /// where several have scored it.
  std::set<std::int64_t> runs_of(const Database& database) const;

 private:
  using Literal = std::variant<std::int64_t, double, std::string>;
  class Parser;

  std::string sql_;
  std::vector<Literal> parameters_;
  std::vector<std::string> metrics_;  ///< that it names
};

}  // namespace assay
