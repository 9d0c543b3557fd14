// SPDX-License-Identifier: Apache-2.0
#include "reports/json_number.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/number_text.h"

namespace assay {

nlohmann::ordered_json json_number(double value) {
  if (std::isfinite(value)) return value;
  return exact_number_text(value);
}

nlohmann::ordered_json json_number(const std::optional<double>& value) {
  return value ? json_number(*value) : nlohmann::ordered_json();
}

}  // namespace assay
