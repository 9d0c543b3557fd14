// SPDX-License-Identifier: Apache-2.0
#include "reports/plot.h"

#include <fmt/format.h>

#include "reports/escape.h"

namespace assay {

Axis axis_over(double low, double high) {
  constexpr double kFlat = 30.0;
  return low > 0.0 && high / low > kFlat ? log_axis(low, high) : linear_axis(low, high, 4);
}

std::string y_rules(const Frame& frame) {
  std::string svg;
  for (const double tick : frame.y.ticks) {
    svg += fmt::format(
        "<path class=\"rule\" d=\"M{:.1f} {:.1f}H{:.1f}\"/><text class=\"y\" x=\"{:.1f}\" "
        "y=\"{:.1f}\">{}</text>",
        kLeft, frame.top(tick), kWidth - kRight, kLeft - 6, frame.top(tick) + 3.5, tick_text(tick));
  }
  return svg;
}

std::string x_line() {
  return fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kLeft, kHeight - kBottom,
                     kWidth - kRight);
}

std::string x_stroke(double left) {
  return fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}v4\"/>", left, kHeight - kBottom);
}

std::string x_label(double left, const std::string& text) {
  return fmt::format("<text class=\"x\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", left,
                     kHeight - kBottom + 14, text);
}

std::string x_name(const Frame& frame, const std::string& name) {
  return fmt::format("<text class=\"x name\" x=\"{:.1f}\" y=\"{:.1f}\">{}{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 4, html_text(name),
                     frame.x.log ? " (log)" : "");
}

std::string plot_svg(const std::string& id, const std::string& title, const std::string& content,
                     double height) {
  return fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}-title\"><title "
      "id=\"{}-title\">{}</title>{}</svg>",
      kWidth, height, id, id, html_text(title), content);
}

std::string figure_html(const Figure& figure) {
  return fmt::format(
      "<figure class=\"chart\" id=\"{}\"><figcaption><b>{}</b><span>{}</span>{}</figcaption>{}{}{}"
      "<details><summary>numbers</summary><div class=\"scroll\" tabindex=\"0\">{}</div></details>"
      "</figure>",
      figure.id, figure.heading, figure.subheading, figure.button, figure.drawing, figure.readout,
      figure.legend, figure.numbers);
}

std::string figure_legend(const std::string& items) {
  return items.empty() ? "" : "<ul class=\"legend\">" + items + "</ul>";
}

std::string legend_item(std::size_t colour, const std::string& name) {
  return fmt::format("<li><span class=\"key s{}\">{}</span></li>", colour, name);
}

}  // namespace assay
