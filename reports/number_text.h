// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reports/statistics/summary.h"

namespace assay {

/// Shortest text that reads back to the same bits; "nan", "+inf", "-inf" for the others. For CSV
/// and data attributes.
std::string exact_number_text(double value);

/// At most `digits` significant digits, no trailing zeros, without an exponent between 1e-4 and
/// 1e7: "0.0123", "1234", "1.2e+08".
std::string short_number_text(double value, int digits = 4);

/// A difference, with its sign: "+0.53", "−0.012".
std::string signed_number_text(double value, int digits = 4);

/// Mean and spread, rounded so that the spread has two significant digits: "12.34 ± 0.56"; four
/// digits and no spread for one seed; "—" without a value. The minus sign is U+2212.
std::string mean_text(const SeedSummary& summary);
std::string spread_text(const SeedSummary& summary);  ///< "± 0.56", or empty
std::string mean_and_spread_text(const SeedSummary& summary);
/// "[11.2, 13.5]", or empty with one seed.
std::string interval_text(const SeedSummary& summary);

std::string count_text(std::int64_t count);     ///< 60000 -> "60 000" (thin spaces)
std::string images_text(double images);         ///< "0", "640", "60k", "1.2M"
std::string duration_in_words(double seconds);  ///< "41 s", "12 min", "2 h 5 min"
std::string bytes_text(std::int64_t bytes);     ///< "512 MiB"
/// "512 MiB"; of a run on a GPU with whose it is: "512 MiB (GPU)", "700 MiB (process)".
std::string peak_memory_text(std::int64_t bytes, std::string_view device, std::string_view of);

}  // namespace assay
