// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// Series colours of report.css: .s0 to .s7.
inline constexpr std::size_t kPaletteSize = 8;

struct ChartSeries {
  std::string label;
  std::size_t colour = 0;  ///< index into the palette of report.css
  const SeedCurve* curve = nullptr;
};

/// Values over images seen: a line for the mean over seeds, a band from the lowest to the highest
/// seed.
struct Chart {
  std::string id;          ///< of its HTML elements: letters and digits
  std::string heading;     ///< what is drawn: "loss"
  std::string subheading;  ///< of what, or what is better: "vae/fashion_mnist, 2 seeds"
  std::vector<ChartSeries> series;
  bool log_y = false;
};

/// True if all values are positive, so that a logarithmic axis is possible.
bool all_positive(const Chart& chart);
/// True if a linear axis would press most of the curve flat: positive values over more than a
/// factor 30.
bool wants_log(const Chart& chart);

/// What training logged, by name: experiments of one comparison table and family share charts, at
/// most four curves each, and what ablations stand around (ablations.h) is in each of them. Charts
/// of one loss have all linear axes, or all logarithmic ones. Without ids.
std::vector<Chart> loss_charts_of(const Report& report);

/// A static drawing that needs neither script nor inline style; colours and fonts come from
/// report.css.
std::string chart_svg(const Chart& chart);
/// The same numbers as an HTML table of at most 12 rows a series.
std::string chart_table(const Chart& chart);
/// The same numbers for report.js, at five digits:
/// {"id":…,"log":…,"series":[{"label":…,"x":[…],"m":[…],"lo":[…],"hi":[…]}]}.
std::string chart_json(const Chart& chart);

}  // namespace assay
