// SPDX-License-Identifier: Apache-2.0
#include "reports/sweeps.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "reports/render.h"
#include "reports/sweep_charts.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

std::string settings(int latent_dim, double rate = 0.001) {
  return fmt::format("tier = \"cpu\"\n[model]\nlatent_dim = {}\n[optimizer]\nlearning_rate = {}\n",
                     latent_dim, rate);
}

class Sweeps : public testing::Test {
 protected:
  // One experiment of two seeds whose errors are mean ± spread/√2.
  void add(const std::string& name, const std::string& more, double mean, double spread) {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      test::MadeUpRun run;
      run.experiment = name;
      run.id_digit = digit;
      run.seed = seed;
      run.settings = more;
      run.note = name;
      const double sign = seed == 0 ? -1.0 : 1.0;
      run.last = {{"reconstruction_mse", mean + sign * spread / std::sqrt(2.0), 0.1, {}}};
      test::add_run(database, run);
    }
    ++digit;
  }
  Report report() const { return build_report(folder / "a.sqlite", {}); }

  TemporaryFolder folder;
  char digit = 'a';
};

TEST_F(Sweeps, AreExperimentsThatDifferInOneNumericKeyAlone) {
  add("ae/bottleneck_8", settings(8), 4.0, 1.0);
  add("ae/bottleneck_2", settings(2), 9.0, 1.0);
  add("ae/bottleneck_128", settings(128), 1.0, 0.5);
  add("ae/bottleneck_fast", settings(32, 0.01), 1.0, 0.5);  // differs in two keys from each
  const Report made = report();
  ASSERT_EQ(made.sweeps.size(), 1U);
  const Sweep& sweep = made.sweeps[0];
  EXPECT_EQ(sweep.key, "model.latent_dim");
  EXPECT_EQ(sweep.label, "ae/bottleneck");
  ASSERT_EQ(sweep.points.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sweep.points[i].x, std::vector({2.0, 8.0, 128.0})[i]);
    EXPECT_EQ(made.experiments[sweep.points[i].experiment].name,
              fmt::format("ae/bottleneck_{}", sweep.points[i].x));
  }
}

TEST_F(Sweeps, TwoExperimentsAreNone) {
  add("ae/bottleneck_8", settings(8), 4.0, 1.0);
  add("ae/bottleneck_2", settings(2), 9.0, 1.0);
  EXPECT_TRUE(report().sweeps.empty());
  EXPECT_THAT(render(report(), Format::kHtml), Not(HasSubstr("id=\"sweeps\"")));
}

TEST_F(Sweeps, ADefinitionThatCannotBeReadTakesPartInNone) {
  for (const int size : {2, 8, 32}) {
    add("ae/x", settings(size) + "= no toml [", static_cast<double>(size), 1.0);
  }
  EXPECT_TRUE(report().sweeps.empty());
}

TEST_F(Sweeps, OfOneKeyShareAChart) {
  for (const int size : {2, 4, 8}) add("ae/x", settings(size), size, 0.5);
  for (const int size : {2, 4, 8}) add("vae/x", settings(size, 0.01), 2.0 * size, 0.5);
  const auto charts = sweep_charts_of(report());
  ASSERT_EQ(charts.size(), 1U);
  ASSERT_EQ(charts[0].series.size(), 2U);
  EXPECT_EQ(charts[0].series[0].label, "ae/x");
  EXPECT_EQ(charts[0].series[1].label, "vae/x");
  EXPECT_NE(charts[0].series[0].colour, charts[0].series[1].colour);
}

SweepChart made_up_chart() {
  const auto mark = [](double x, double mean, double sd) {
    SeedSummary y;
    y.n = 2;
    y.mean = mean;
    y.sd = sd;
    return SweepMark{x, y};
  };
  return {"sweep0",
          "model.latent_dim",
          "reconstruction_mse",
          "lower is better",
          {{"<ae>", 2, {mark(2, 10, 5), mark(8, 5, 1), mark(32, 1, 1)}}}};
}

TEST(SweepSvg, MarksLieWhereTheirValuesSay) {
  // y: 0 to 15 by 5 between 176 and 8, so a unit is 11.2. x: log from 2 to 32 between 62 and 314,
  // 8 in the middle.
  const std::string svg = sweep_svg(made_up_chart());
  EXPECT_THAT(svg, HasSubstr("class=\"line\" d=\"M62.0 64.0L188.0 120.0L314.0 164.8\""));
  EXPECT_THAT(svg, HasSubstr("class=\"spread\" d=\"M62.0 8.0V120.0\""));
  EXPECT_THAT(svg, HasSubstr("<circle cx=\"188.0\" cy=\"120.0\""));
  EXPECT_THAT(svg, HasSubstr("model.latent_dim (log)</text>"));
  for (const char* tick : {">2</text>", ">8</text>", ">32</text>", ">15</text>"}) {
    EXPECT_THAT(svg, HasSubstr(tick));
  }
  EXPECT_THAT(svg, HasSubstr("<title id=\"sweep0-title\">reconstruction_mse over "
                             "model.latent_dim; lower is better</title>"));
  EXPECT_THAT(svg, Not(HasSubstr("style=")));
}

TEST(SweepSvg, NarrowRangesOfTheKeyHaveALinearAxis) {
  auto chart = made_up_chart();
  chart.series[0].marks[2].x = 4;
  std::ranges::sort(chart.series[0].marks, {}, &SweepMark::x);
  const std::string svg = sweep_svg(chart);
  // 2, 4 and 8: a third of the way.
  EXPECT_THAT(svg, HasSubstr("M62.0 64.0L146.0 164.8L314.0 120.0"));
  EXPECT_THAT(svg, Not(HasSubstr("(log)")));
}

TEST(SweepSvg, LabelsThatWouldTouchAreLeftOut) {
  auto chart = made_up_chart();
  for (int i = 0; i < 40; ++i) {
    auto mark = chart.series[0].marks[0];
    mark.x = 1000.0 + i;
    chart.series[0].marks.push_back(mark);
  }
  const std::string svg = sweep_svg(chart);
  EXPECT_THAT(svg, HasSubstr(">1000</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(">1001</text>")));
}

TEST(SweepSvg, AConstantMetricAndSingleSeedsAreDrawn) {
  auto chart = made_up_chart();
  for (auto& mark : chart.series[0].marks) {
    mark.y.mean = 3.0;
    mark.y.sd.reset();
  }
  const std::string svg = sweep_svg(chart);
  EXPECT_THAT(svg, Not(HasSubstr("spread")));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST_F(Sweeps, PageAndJsonShowThem) {
  add("ae/<b>_2", settings(2), 9.0, 1.0);
  add("ae/<b>_8", settings(8), 4.0, 1.0);
  add("ae/<b>_32", settings(32), 1.0, 0.5);
  const std::string page = render(report(), Format::kHtml);
  EXPECT_THAT(page, HasSubstr("<section id=\"sweeps\">"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#sweeps\">"));
  EXPECT_THAT(page, HasSubstr("<figure class=\"chart\" id=\"sweep0\">"));
  EXPECT_THAT(page, HasSubstr("<td class=\"num\">32</td><td class=\"num\">1.00 ± 0.50</td>"));
  EXPECT_THAT(page, Not(HasSubstr("<b>_2")));
  const auto json = nlohmann::json::parse(render(report(), Format::kJson))["sweeps"];
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(json[0]["key"], "model.latent_dim");
  EXPECT_EQ(json[0]["label"], "ae/<b>");
  EXPECT_EQ(json[0]["points"][2]["value"], 32.0);
  EXPECT_EQ(json[0]["points"][2]["experiment"], "ae/<b>_32");
}

}  // namespace
}  // namespace assay
