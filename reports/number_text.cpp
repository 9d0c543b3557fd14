// SPDX-License-Identifier: Apache-2.0
#include "reports/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace assay {
namespace {

constexpr std::string_view kNone = "—";

std::string not_finite(double value) {
  if (std::isnan(value)) return "nan";
  return value > 0 ? "+inf" : "-inf";
}

std::string with_minus_sign(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

int exponent_of(double value) { return static_cast<int>(std::floor(std::log10(std::abs(value)))); }

bool needs_exponent(double value) {
  return value != 0.0 && (std::abs(value) >= 1e7 || std::abs(value) < 1e-4);
}

// Decimals that leave `digits` significant digits of `scale`.
std::string rounded(double value, double scale, int digits) {
  const int decimals = std::clamp(digits - 1 - exponent_of(scale), 0, 12);
  return with_minus_sign(fmt::format("{:.{}f}", value, decimals));
}

std::string without_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

bool has_spread(const SeedSummary& summary) { return summary.sd && *summary.sd > 0.0; }

std::string value_text(double value, const SeedSummary& summary) {
  if (!std::isfinite(value)) return not_finite(value);
  if (!has_spread(summary) || needs_exponent(value)) return short_number_text(value);
  return rounded(value, *summary.sd, 2);
}

}  // namespace

std::string exact_number_text(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : not_finite(value);
}

std::string short_number_text(double value, int digits) {
  if (!std::isfinite(value)) return not_finite(value);
  if (value == 0.0) return "0";
  if (needs_exponent(value)) return with_minus_sign(fmt::format("{:.{}e}", value, digits - 1));
  return without_trailing_zeros(rounded(value, value, digits));
}

std::string signed_number_text(double value, int digits) {
  if (!std::isfinite(value)) return short_number_text(value, digits);
  return fmt::format("{}{}", value < 0 ? "−" : "+", short_number_text(std::abs(value), digits));
}

std::string mean_text(const SeedSummary& summary) {
  if (summary.mean) return value_text(*summary.mean, summary);
  return summary.non_finite > 0 ? "not finite" : std::string(kNone);
}

std::string spread_text(const SeedSummary& summary) {
  if (!summary.mean || !summary.sd) return "";
  if (!has_spread(summary)) return "± 0";
  if (needs_exponent(*summary.mean)) return "± " + short_number_text(*summary.sd, 2);
  return "± " + rounded(*summary.sd, *summary.sd, 2);
}

std::string mean_and_spread_text(const SeedSummary& summary) {
  const std::string spread = spread_text(summary);
  return spread.empty() ? mean_text(summary) : mean_text(summary) + " " + spread;
}

std::string interval_text(const SeedSummary& summary) {
  if (!summary.low || !summary.high) return "";
  return fmt::format("[{}, {}]", value_text(*summary.low, summary),
                     value_text(*summary.high, summary));
}

std::string count_text(std::int64_t count) {
  std::string text = std::to_string(count);
  for (auto at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), "\u2009");
  }
  return text;
}

std::string images_text(double images) {
  if (images >= 1e6) return fmt::format("{:g}M", std::round(images / 1e4) / 100);
  if (images >= 1e4) return fmt::format("{:g}k", std::round(images / 1e2) / 10);
  return fmt::format("{:g}", std::round(images));
}

std::string duration_in_words(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 100) return fmt::format("{} s", whole);
  const std::int64_t minutes = (whole + 30) / 60;
  if (minutes < 100) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", short_number_text(value, value >= 100 ? 3 : 2), kUnits[unit]);
}

std::string peak_memory_text(std::int64_t bytes, std::string_view device, std::string_view of) {
  return bytes_text(bytes) + (device.starts_with("cuda") ? fmt::format(" ({})", of) : "");
}

}  // namespace assay
