// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// A metric against a swept key: mean ± sd over seeds at each of its values.
struct SweepMark {
  double x = 0.0;
  SeedSummary y;  ///< with a mean
};
struct SweepSeries {
  std::string label;
  std::size_t colour = 0;  ///< index into the palette of report.css
  std::vector<SweepMark> marks;
};
struct SweepChart {
  std::string id;          ///< of its HTML elements: letters and digits
  std::string key;         ///< "model.latent_dim", the x axis
  std::string heading;     ///< the metric's label, the y axis
  std::string subheading;  ///< "lower is better"
  std::vector<SweepSeries> series;
};

/// One chart for each swept key and metric column that has two or more means along it.
std::vector<SweepChart> sweep_charts_of(const Report& report);

/// What the dimensions of codes carry, by rank: a chart of KL terms and one of the variances of
/// point codes, for each size of code. At most kPaletteSize experiments a chart.
std::vector<SweepChart> latent_charts_of(const Report& report);

/// The signal-to-noise ratios of processes over their times, and the terms of variational bounds
/// over their timesteps. At most kPaletteSize experiments a chart.
std::vector<SweepChart> noise_charts_of(const Report& report);

/// A static drawing, as chart_svg(). The x axis is logarithmic from a factor 8 on, if all is
/// positive, and its ticks are the values of the key; y is logarithmic from a factor 30 on, if
/// every mean − sd is positive.
std::string sweep_svg(const SweepChart& chart);
/// The same numbers as an HTML table.
std::string sweep_table(const SweepChart& chart);

}  // namespace assay
