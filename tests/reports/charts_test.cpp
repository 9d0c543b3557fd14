// SPDX-License-Identifier: Apache-2.0
#include "reports/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/axis.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Axis, LinearTicksAreRoundAndCoverTheRange) {
  const Axis axis = linear_axis(0.3, 9.2, 4);
  EXPECT_THAT(axis.ticks, ElementsAre(0.0, 5.0, 10.0));
  EXPECT_DOUBLE_EQ(axis.position(5.0), 0.5);
}

TEST(Axis, LogTicksArePowersOfTen) {
  const Axis axis = log_axis(0.02, 700.0);
  EXPECT_THAT(axis.ticks, ElementsAre(testing::DoubleEq(0.01), testing::DoubleEq(0.1),
                                      testing::DoubleEq(1.0), testing::DoubleEq(10.0),
                                      testing::DoubleEq(100.0), testing::DoubleEq(1000.0)));
  EXPECT_NEAR(axis.position(std::sqrt(10.0)), 0.5, 1e-12);
}

TEST(Axis, ConstantValuesHaveRoomAroundThem) {
  const Axis axis = linear_axis(2.0, 2.0, 4);
  EXPECT_LT(axis.low, 2.0);
  EXPECT_GT(axis.high, 2.0);
  EXPECT_EQ(tick_text(-20000), "−20k");
  EXPECT_EQ(tick_text(0.1 + 0.2), "0.3");
}

class ChartOfOneCurve : public testing::Test {
 protected:
  SeedCurve curve{"loss", 2, 1, {{0, 10, 9, 11}, {100, 5, 4, 6}, {200, 1, 1, 1}}};
  Chart chart{"chart0", "loss", "vae, 2 seeds", {{"<vae>", 3, &curve}}, false};
};

TEST_F(ChartOfOneCurve, SvgHasALineABandAndATitle) {
  const std::string svg = chart_svg(chart);
  EXPECT_THAT(svg,
              HasSubstr("<title id=\"chart0-title\">loss over images seen; vae, 2 seeds</title>"));
  EXPECT_THAT(svg, HasSubstr("class=\"band\""));
  EXPECT_THAT(svg, HasSubstr("class=\"s3\""));
  EXPECT_THAT(svg, Not(HasSubstr("style=")));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST_F(ChartOfOneCurve, PointsLieWhereTheirValuesSay) {
  // y axis 0 to 15 by 5; plot from x = 48 to 328 and y = 8 to 176. Value 10 at image 0: 176 − 10/15
  // · 168 = 64.
  EXPECT_THAT(chart_svg(chart), HasSubstr("d=\"M48.0 64.0L188.0 120.0L328.0 164.8\""));
}

TEST_F(ChartOfOneCurve, TableAndJsonHaveTheSameNumbers) {
  EXPECT_THAT(chart_table(chart),
              HasSubstr("<td>&lt;vae&gt;</td><td class=\"num\">200</td><td class=\"num\">1</td>"));
  const auto json = nlohmann::json::parse(chart_json(chart));
  EXPECT_EQ(json["series"][0]["m"], nlohmann::json({10.0, 5.0, 1.0}));
  EXPECT_EQ(json["series"][0]["hi"], nlohmann::json({11.0, 6.0, 1.0}));
}

TEST_F(ChartOfOneCurve, WideRangesOfPositiveValuesAskForALogAxis) {
  EXPECT_FALSE(wants_log(chart));
  curve.points.back() = {200, 0.1, 0.1, 0.1};
  EXPECT_TRUE(wants_log(chart));
  curve.points.back() = {200, 0.0, -1.0, 0.1};
  EXPECT_FALSE(wants_log(chart));
  EXPECT_FALSE(all_positive(chart));
}

}  // namespace
}  // namespace assay
