// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/metric_kind.h"
#include "reports/ablations.h"
#include "reports/charts.h"
#include "reports/grids.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/planes.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

PlanePoint point(const std::string& label, double x, double y) {
  PlanePoint one;
  one.label = label;
  one.x = summarise({&x, 1});
  one.y = summarise({&y, 1});
  return one;
}

std::vector<std::string> front_of(Plane plane) {
  mark_front(plane);
  std::vector<std::string> labels;
  for (const auto& one : plane.points) {
    if (one.at_front) labels.push_back(one.label);
  }
  return labels;
}

TEST(ParetoFront, IsWhatNoOtherBeatsInBoth) {
  Plane plane;
  plane.points = {point("cheap", 1, 9), point("good", 5, 2), point("beaten", 6, 3),
                  point("between", 3, 5), point("as_cheap_but_worse", 1, 10)};
  EXPECT_THAT(front_of(plane), ElementsAre("cheap", "good", "between"));
}

TEST(ParetoFront, LooksUpwardsWhereHigherIsBetter) {
  Plane plane;
  plane.x_better = plane.y_better = Better::kHigher;
  plane.points = {point("precise", 0.2, 0.9), point("diverse", 0.8, 0.5),
                  point("neither", 0.1, 0.4)};
  EXPECT_THAT(front_of(plane), ElementsAre("precise", "diverse"));
}

TEST(ParetoFront, HoldsBothOfTwoEqualOnes) {
  Plane plane;
  plane.points = {point("a", 1, 1), point("b", 1, 1)};
  EXPECT_THAT(front_of(plane), ElementsAre("a", "b"));
}

class Figures : public testing::Test {
 protected:
  void add(const std::string& name, const std::string& settings, const std::vector<double>& fds,
           const std::string& evaluations = "", double seconds = 30.0,
           const std::string& extractor = "pixels", double first_loss = 2.0) {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    for (std::size_t seed = 0; seed < fds.size(); ++seed) {
      test::MadeUpRun run;
      run.experiment = name;
      run.id_digit = digit;
      run.seed = seed;
      run.settings = settings;
      run.note = name;
      run.wall_seconds = seconds;
      run.first_loss = first_loss;
      Protocol protocol = {{"extractor", extractor}};
      if (!evaluations.empty()) protocol["network_evaluations"] = evaluations;
      run.last = {{"fd", fds[seed], 0.1, protocol},
                  {"precision", 1.0 / fds[seed], 0.1, protocol},
                  {"recall", fds[seed] / 100.0, 0.1, protocol}};
      test::add_run(database, run);
    }
    ++digit;
  }
  Report report() const { return build_report(folder / "a.sqlite", {}); }
  static std::string model(int width, double rate, const std::string& loss = "mse") {
    return fmt::format(
        "[model]\nwidth = {}\n[optimizer]\nlearning_rate = {}\n[objective]\nloss = \"{}\"\n", width,
        rate, loss);
  }
  TemporaryFolder folder;
  char digit = 'a';
};

TEST_F(Figures, DrawQualityAgainstSecondsAndNetworkEvaluationsAndPrecisionAgainstRecall) {
  add("gan/x", "", {20.0, 22.0}, "1", 100.0);
  add("diffusion/x", "", {8.0, 9.0}, "50", 400.0);
  const Report made = report();
  const auto planes = planes_of(made);
  ASSERT_THAT(planes, SizeIs(3));  // no phase "sample": no seconds for samples
  EXPECT_EQ(planes[0].x_name, "seconds a run");
  EXPECT_EQ(*planes[0].points[0].x.mean, 400.0);
  EXPECT_EQ(*planes[0].points[0].y.mean, 8.5);
  EXPECT_EQ(planes[1].x_name, "network evaluations a sample");
  EXPECT_EQ(*planes[1].points[0].x.mean, 50.0);
  EXPECT_EQ(*planes[1].points[1].x.mean, 1.0);
  EXPECT_EQ(planes[2].x_name, "recall@pixels");
  EXPECT_EQ(planes[2].y_name, "precision@pixels");
  const auto json = nlohmann::json::parse(render(made, Format::kJson));
  EXPECT_EQ(json["tradeoffs"][1]["points"][0]["x"]["mean"], 50.0);
  EXPECT_EQ(json["tradeoffs"][1]["points"][0]["at_front"], true);
  const std::string page = render(made, Format::kHtml);
  EXPECT_THAT(page, HasSubstr("<td class=\"num\" data-value=\"8.5\">" +
                              mean_and_spread_text(planes[0].points[0].y) + "</td><td>yes</td>"));
  EXPECT_THAT(page, HasSubstr("class=\"front\""));
}

TEST_F(Figures, NetworkEvaluationsAreACostAndNoScore) {
  add("gan/x", "", {20.0, 22.0}, "1");
  add("diffusion/x", "", {8.0, 9.0}, "50");
  const auto json = nlohmann::json::parse(render(report(), Format::kJson));
  EXPECT_THAT(json["comparisons"][0]["pairs"][0]["metrics"], SizeIs(3));
}

TEST_F(Figures, ThatSamplesCostSomethingJoinsNoTables) {
  add("gan/pictures", "", {20.0, 22.0}, "1");
  add("diffusion/points", "", {8.0, 9.0}, "50", 30.0, "points");
  const Report made = report();
  EXPECT_THAT(comparison_tables(made), SizeIs(2));
  EXPECT_EQ(*made.experiments[0].network_evaluations.mean, 50.0);
  const auto json = nlohmann::json::parse(render(made, Format::kJson));
  EXPECT_FALSE(json["protocols"].contains(""));
  EXPECT_EQ(json["experiments"][0]["network_evaluations"]["mean"], 50.0);
  EXPECT_THAT(render(made, Format::kCsv), HasSubstr(",network_evaluations,,mean,,,,50\n"));
  EXPECT_THAT(render(made, Format::kHtml),
              HasSubstr("<th class=\"num\">network evaluations a sample</th>"));
  EXPECT_THAT(render(made, Format::kMarkdown), HasSubstr("| 1 MiB | 50 |"));
}

TEST_F(Figures, ASweptKeyDrawsPrecisionAgainstRecallAlongIt) {
  // Precision 1/fd and recall fd/100, in the order of the key, not of the experiments.
  for (const auto& [width, fd] : {std::pair{16, 20.0}, {4, 2.0}, {8, 4.0}}) {
    add("vae/x", model(width, 0.1), {fd});
  }
  add("vae/other", model(8, 0.5, "bce"), {3.0});
  const Report made = report();
  const auto planes = sweep_planes_of(made);
  ASSERT_THAT(planes, SizeIs(1));
  const Plane& plane = planes[0];
  EXPECT_EQ(plane.key, "model.width");
  EXPECT_EQ(plane.x_name, "recall@pixels");
  EXPECT_EQ(plane.y_name, "precision@pixels");
  ASSERT_THAT(plane.points, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(plane.points[i].value, std::vector({4.0, 8.0, 16.0})[i]);
    EXPECT_DOUBLE_EQ(*plane.points[i].x.mean, std::vector({0.02, 0.04, 0.2})[i]);
    EXPECT_DOUBLE_EQ(*plane.points[i].y.mean, std::vector({0.5, 0.25, 0.05})[i]);
    EXPECT_FALSE(plane.points[i].at_front);
  }
  const std::string page = render(made, Format::kHtml);
  const auto section = page.substr(page.find("id=\"sweeps\""));
  EXPECT_THAT(section, HasSubstr("against recall@pixels along model.width"));
  EXPECT_THAT(section, HasSubstr("<th>model.width</th></tr>"));
  EXPECT_THAT(section, HasSubstr("<td class=\"num\" data-value=\"0.5\">" +
                                 mean_and_spread_text(plane.points[0].y) + "</td><td>4</td>"));
}

TEST(SweepPlane, HasLinesInTheOrderOfTheKeyAndItsValues) {
  Plane plane;
  plane.id = "here";
  plane.x_name = "recall";
  plane.y_name = "precision";
  plane.key = "sampler.truncation";
  plane.points = {point("one", 0.0, 1.0), point("one", 1.0, 0.0), point("two", 1.0, 1.0),
                  point("two", 0.0, 0.0)};
  double value = 0.25;
  for (auto& one : plane.points) one.value = value += 0.25;
  // Axes from 0 to 1: x from 60 to 316, y from 176 to 8.
  const auto svg = plane_svg(plane);
  EXPECT_THAT(svg, HasSubstr("class=\"line\" d=\"M60.0 8.0L316.0 176.0\""));
  EXPECT_THAT(svg, HasSubstr("class=\"line\" d=\"M316.0 8.0L60.0 176.0\""));
  EXPECT_THAT(svg, HasSubstr(">1.25</text>"));
  EXPECT_THAT(svg, HasSubstr("precision against recall along sampler.truncation, mean"));
  EXPECT_THAT(svg, Not(HasSubstr("class=\"front\"")));
}

// Six experiments, two widths by three rates; a seventh differs in a third key.
TEST_F(Figures, TwoSweptKeysMakeAHeatMap) {
  double fd = 10.0;
  for (const int width : {8, 16}) {
    for (const double rate : {0.1, 0.01, 0.001}) add("vae/x", model(width, rate), {fd++});
  }
  add("vae/x", model(8, 0.5, "bce"), {1.0});
  const Report made = report();
  const auto grids = grids_of(made.experiments);
  ASSERT_THAT(grids, SizeIs(1));
  EXPECT_EQ(grids[0].x_key, "model.width");
  EXPECT_EQ(grids[0].y_key, "optimizer.learning_rate");
  EXPECT_THAT(grids[0].cells, SizeIs(6));
  const auto maps = heat_maps_of(made);
  ASSERT_THAT(maps, SizeIs(3));
  // The means are 10 to 15 and lower is better: 12 has (15 − 12) / 5 of the colour.
  EXPECT_DOUBLE_EQ(heat_of(maps[0], 10.0), 1.0);
  EXPECT_DOUBLE_EQ(heat_of(maps[0], 12.0), 0.6);
  EXPECT_DOUBLE_EQ(heat_of(maps[0], 15.0), 0.0);
  const std::string page = render(made, Format::kHtml);
  EXPECT_THAT(page, HasSubstr("model.width across, optimizer.learning_rate up"));
  EXPECT_THAT(page, HasSubstr("fill-opacity=\"0.500\""));
}

TEST_F(Figures, ALineOrADiagonalIsNoGrid) {
  add("vae/x", model(8, 0.1), {1.0});
  add("vae/x", model(16, 0.01), {2.0});
  add("vae/x", model(32, 0.001), {3.0});
  add("vae/x", model(64, 0.0001), {3.0});
  EXPECT_THAT(grids_of(report().experiments), IsEmpty());
}

TEST_F(Figures, AblationsStandAroundTheExperimentThatMostDifferFromInOneKey) {
  add("vae/base", model(8, 0.1), {10.0, 12.0});
  add("vae/wide", model(16, 0.1), {8.0, 9.0});
  add("vae/bce", model(8, 0.1, "bce"), {20.0, 21.0});
  add("vae/both", model(16, 0.1, "bce"), {5.0, 6.0});
  add("vae/slow", model(8, 0.001), {30.0, 31.0});
  const Report made = report();
  const auto ladders = ladders_of(made);
  ASSERT_THAT(ladders, SizeIs(1));
  EXPECT_EQ(ladders[0].base, "vae/base");
  ASSERT_THAT(ladders[0].rungs, SizeIs(5));
  EXPECT_THAT(ladders[0].rungs.front().changes, IsEmpty());
  const Rung& both = ladders[0].rungs.back();
  ASSERT_THAT(both.changes, SizeIs(2));
  EXPECT_EQ(both.changes[0].key, "model.width");
  EXPECT_EQ(both.changes[0].base, "8");
  EXPECT_EQ(both.changes[0].other, "16");
  EXPECT_EQ(both.changes[1].other, "\"bce\"");
  // 5.5 − 11.
  EXPECT_THAT(render(made, Format::kHtml), HasSubstr("5.50 ± 0.71<small>−5.5</small>"));
}

std::vector<std::string> labels_of(const Chart& chart) {
  std::vector<std::string> labels;
  for (const auto& series : chart.series) labels.push_back(series.label);
  return labels;
}

TEST_F(Figures, LossesOfAFamilyAreDrawnBesideThatOfWhatAblationsStandAround) {
  add("gan/a_width", model(16, 0.1), {1.0, 2.0});
  add("gan/base", model(8, 0.1), {1.0, 2.0});
  add("gan/c_rate", model(8, 0.2), {1.0, 2.0});
  add("gan/d_loss", model(8, 0.1, "bce"), {1.0, 2.0});
  add("gan/e_width", model(32, 0.1), {1.0, 2.0, 3.0});
  add("vae/x", "", {1.0});
  const Report made = report();
  const auto charts = loss_charts_of(made);
  ASSERT_THAT(charts, SizeIs(3));
  EXPECT_THAT(labels_of(charts[0]),
              ElementsAre("gan/base", "gan/a_width", "gan/c_rate", "gan/d_loss"));
  EXPECT_EQ(charts[0].heading, "loss");
  EXPECT_EQ(charts[0].subheading, "2 seeds");
  EXPECT_THAT(labels_of(charts[1]), ElementsAre("gan/base", "gan/e_width"));
  EXPECT_EQ(charts[1].subheading, "2 to 3 seeds");
  EXPECT_NE(charts[1].series[0].colour, charts[1].series[1].colour);
  EXPECT_EQ(charts[2].subheading, "vae/x, 1 seed");
}

// Nobody's loss is lost: the base's own, and those of experiments that nothing stands around.
TEST_F(Figures, EveryLossIsDrawn) {
  for (int width = 1; width <= 5; ++width)
    add(fmt::format("vae/{}", width), model(width, 0.1), {1});
  add("gan/alone", "", {1.0});
  std::vector<std::string> labels;
  const Report made = report();
  for (const auto& chart : loss_charts_of(made)) {
    EXPECT_LE(chart.series.size(), 4U);
    for (const auto& label : labels_of(chart)) labels.push_back(label);
  }
  EXPECT_THAT(labels, ElementsAre("gan/alone", "vae/1", "vae/2", "vae/3", "vae/4", "vae/5"));
}

// From 100 to 1 alone would be logarithmic, from 2 to 1 would not.
TEST_F(Figures, FramesOfALossHaveAxesOfOneKind) {
  for (int width = 1; width <= 4; ++width)
    add(fmt::format("vae/{}", width), model(width, 0.1), {1});
  for (const char* name : {"vae/5", "vae/6"})
    add(name, model(5, 0.1), {1}, "", 30.0, "pixels", 100);
  const Report made = report();
  const auto charts = loss_charts_of(made);
  ASSERT_THAT(charts, SizeIs(2));
  EXPECT_TRUE(wants_log(charts[1]));
  EXPECT_FALSE(wants_log(charts[0]));
  EXPECT_FALSE(charts[0].log_y || charts[1].log_y);
}

TEST_F(Figures, ASweepIsNoAblation) {
  for (const int width : {8, 16, 32}) add("vae/x", model(width, 0.1), {1.0});
  EXPECT_THAT(ladders_of(report()), IsEmpty());
  EXPECT_THAT(render(report(), Format::kHtml), Not(HasSubstr("id=\"ablations\"")));
}

TEST_F(Figures, DefinitionsOfAFamilyAreHeldAgainstEachOther) {
  add("vae/base", model(8, 0.1), {10.0});
  add("vae/bce", model(8, 0.1, "bce"), {20.0});
  const std::string page = render(report(), Format::kHtml);
  const auto begin = page.find("<section id=\"differences\">");
  ASSERT_NE(begin, std::string::npos);
  const std::string section = page.substr(begin, page.find("</section>", begin) - begin);
  EXPECT_THAT(section,
              HasSubstr("<td>&quot;mse&quot;</td><td class=\"best\">&quot;bce&quot;</td>"));
  EXPECT_THAT(section, Not(HasSubstr("width")));
}

// mean ± sd of {1, 3} and {5, 9}: 2 ± 1.41, 7 ± 2.83.
TEST_F(Figures, ASweepsBandIsOneStandardDeviation) {
  add("vae/a", model(8, 0.1), {1.0, 3.0});
  add("vae/b", model(16, 0.1), {5.0, 9.0});
  add("vae/c", model(32, 0.1), {4.0, 6.0});
  const std::string page = render(report(), Format::kHtml);
  const auto begin = page.find("<figure class=\"chart\" id=\"sweep0\">");
  ASSERT_NE(begin, std::string::npos);
  const auto band = page.find("class=\"band\"", begin);
  EXPECT_LT(band, page.find("</figure>", begin));
}

}  // namespace
}  // namespace assay
