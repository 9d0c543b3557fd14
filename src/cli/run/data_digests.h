// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "config/definition.h"

namespace assay {

/// data_digest() of the data sets of definitions, each looked at once however many name it.
class DataDigests {
 public:
  /// Nothing if the data are not on this machine.
  const std::optional<std::string>& of(const Definition& definition);

 private:
  using Key =
      std::tuple<std::string, std::string, std::int64_t, std::uint64_t, double, double, double>;
  std::map<Key, std::optional<std::string>> known_;
};

}  // namespace assay
