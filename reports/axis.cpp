// SPDX-License-Identifier: Apache-2.0
#include "reports/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

double nice_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double fraction = rough / power;
  if (fraction <= 1.0) return power;
  if (fraction <= 2.0) return 2.0 * power;
  return fraction <= 5.0 ? 5.0 * power : 10.0 * power;
}

}  // namespace

double Axis::position(double value) const {
  if (log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

Axis linear_axis(double low, double high, int intervals) {
  if (high <= low) {
    const double margin = low == 0.0 ? 1.0 : std::abs(low) * 0.1;
    low -= margin;
    high += margin;
  }
  const double step = nice_step((high - low) / intervals);
  Axis axis;
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; i += 1.0) axis.ticks.push_back(i * step);
  axis.low = axis.ticks.front();
  axis.high = axis.ticks.back();
  return axis;
}

Axis log_axis(double low, double high) {
  const double first = std::floor(std::log10(low) + 1e-9);
  const double last = std::ceil(std::log10(high) - 1e-9);
  if (last - first < 2.0) {
    Axis axis = linear_axis(low, high, 4);
    // The first tick of a linear axis may be zero.
    std::erase_if(axis.ticks, [](double tick) { return tick <= 0.0; });
    axis.low = std::min(low, axis.ticks.empty() ? low : axis.ticks.front());
    axis.log = true;
    return axis;
  }
  Axis axis;
  axis.log = true;
  const double stride = std::ceil((last - first) / 5.0);
  for (double e = first; e <= last; e += stride) axis.ticks.push_back(std::pow(10.0, e));
  axis.low = std::pow(10.0, first);
  axis.high = std::pow(10.0, last);
  return axis;
}

std::string tick_text(double value) {
  // Sums of steps leave dust: 0.30000000000000004.
  if (std::abs(value) < 1e-12) return "0";
  std::string text = std::abs(value) >= 1e4 && std::abs(value) < 1e6
                         ? fmt::format("{:.4g}k", value / 1e3)
                         : fmt::format("{:.4g}", value);
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

}  // namespace assay
