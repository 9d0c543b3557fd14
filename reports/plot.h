// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/axis.h"
#include "reports/statistics/summary.h"

namespace assay {

/// What the drawings of a report have in common. Lengths are in the units of the viewBox; report.js
/// repeats those of the frame.
inline constexpr double kWidth = 340, kHeight = 210;
inline constexpr double kLeft = 48, kRight = 12, kTop = 8, kBottom = 34;

/// Two axes and where their values lie. Left and right of the data is a `margin` for marks.
struct Frame {
  Axis x, y;
  double margin = 0.0;
  double left(double value) const {
    return kLeft + margin + x.position(value) * (kWidth - kLeft - kRight - 2 * margin);
  }
  double top(double value) const {
    return kHeight - kBottom - y.position(value) * (kHeight - kTop - kBottom);
  }
};

/// The ends of a bar of one sd about a mean, which there is.
inline double low_end(const SeedSummary& value) { return *value.mean - value.sd.value_or(0.0); }
inline double high_end(const SeedSummary& value) { return *value.mean + value.sd.value_or(0.0); }

/// An axis over [low, high], logarithmic from a factor 30 on if all is positive: a linear one would
/// press most of it flat.
Axis axis_over(double low, double high);

/// Rules across the frame with the y axis's labels.
std::string y_rules(const Frame& frame);
/// The line below the frame.
std::string x_line();
/// A stroke below it, and a label.
std::string x_stroke(double left);
std::string x_label(double left, const std::string& text);
/// What the x axis shows; says so if the axis is logarithmic. Plain text.
std::string x_name(const Frame& frame, const std::string& name);

/// The drawing with this content (SVG). `title` is plain text: what a reader who cannot see it
/// hears.
std::string plot_svg(const std::string& id, const std::string& title, const std::string& content,
                     double height = kHeight);

/// A drawing on a page. All are HTML but for the id, of letters and digits.
struct Figure {
  std::string id;
  std::string heading, subheading;
  std::string drawing;
  std::string legend = {};  ///< figure_legend()
  std::string numbers;      ///< the same as a table
  std::string button = {};  ///< in the caption
  std::string readout = {};
};
std::string figure_html(const Figure& figure);
/// <li>s that name colours, as a list; empty without any.
std::string figure_legend(const std::string& items);
/// The item of a series in a colour of the palette; `name` is HTML.
std::string legend_item(std::size_t colour, const std::string& name);

}  // namespace assay
