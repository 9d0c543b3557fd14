// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

namespace assay {

/// A finite number, or its name as text ("nan", "+inf", "-inf"): JSON has no NaN.
nlohmann::ordered_json json_number(double value);
/// null where there is none.
nlohmann::ordered_json json_number(const std::optional<double>& value);

}  // namespace assay
