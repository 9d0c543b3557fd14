// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>

#include "oracle.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSize = 299;

// Shape, mean, Σx² and six elements of the peer's result (make_fixtures.py, `summ`). The peers
// compute in f32, whose spacing at 255 is 1.5e-5: three of them for a different order of sums.
void expect_like_peer(const at::Tensor& resized, const nlohmann::json& oracle) {
  const auto flat = resized.to(at::kDouble).flatten();
  const double mean = oracle["mean"];
  const double squares = oracle["sumsq"];
  EXPECT_NEAR(flat.mean().item<double>(), mean, 1e-6 * mean);
  EXPECT_NEAR(flat.square().sum().item<double>(), squares, 1e-6 * squares);
  const std::array<std::int64_t, 6> places{0, 1, 299, 12345, 88888, flat.size(0) - 1};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double expected = oracle["pts"][i];
    EXPECT_NEAR(flat[places[i]].item<double>(), expected, 4.6e-5) << places[i];
  }
}

struct Case {
  const char* file;
  const char* image;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.image; }

class Resize : public ::testing::TestWithParam<Case> {
 protected:
  at::Tensor images() const { return oracle_arrays(GetParam().file).at(GetParam().image); }
  // The oracle's keys carry remarks after the rule: "tf1_bilinear_299(NCHW)".
  nlohmann::json oracle(const std::string& rule) const {
    const auto all = oracle_json("oracle.json")["resize"][GetParam().image];
    for (const auto& [name, value] : all.items()) {
      if (name.starts_with(rule)) return value;
    }
    return {};
  }
};

INSTANTIATE_TEST_SUITE_P(Images, Resize,
                         ::testing::Values(Case{"images_small.npz", "img32"},
                                           Case{"images_small.npz", "img37x53"},
                                           Case{"images_big.npz", "img331x310"}),
                         [](const auto& one) { return one.param.image; });

TEST_P(Resize, Tf1BilinearAgreesWithTorchFidelity) {
  expect_like_peer(resize_tf1_bilinear(images(), kSize), oracle("tf1_bilinear_299"));
}

TEST_P(Resize, PilBicubicAgreesWithCleanFid) {
  expect_like_peer(resize_pil_bicubic(images(), kSize)[0], oracle("clean_PIL_bicubic_float_299"));
}

TEST_P(Resize, BilinearRulesAgreeWithTorchWhereAnOracleIsKept) {
  const auto plain = oracle("torch_bilinear_299");
  if (!plain.is_null()) expect_like_peer(resize_bilinear(images(), kSize), plain);
  const auto antialiased = oracle("torch_bilinear_antialias_299");
  if (!antialiased.is_null()) {
    expect_like_peer(resize_bilinear_antialias(images(), kSize), antialiased);
  }
  // The large image has neither.
  EXPECT_EQ(plain.is_null(), GetParam().image == std::string("img331x310"));
  EXPECT_EQ(antialiased.is_null(), plain.is_null());
}

TEST(ResizeRules, KeepAFlatImageFlatAndAnImageOfTheSizeAsItIs) {
  for (const auto& name : resize_rule_names()) {
    const auto rule = parse_resize_rule(name);
    const auto flat = at::full({1, 3, 11, 40}, 77, at::kByte);
    // Weights sum to 1 up to f32 rounding.
    EXPECT_TRUE(
        at::allclose(resize_images(flat, rule, 20), at::full({1, 3, 20, 20}, 77.0F), 1e-6, 0))
        << name;
    const auto images = oracle_arrays("images_small.npz").at("img32");
    EXPECT_TRUE(at::equal(resize_images(images, rule, 32), images.to(at::kFloat))) << name;
  }
}

TEST(ResizeRules, PilBicubicIsClippedButNotRounded) {
  // A step from 0 to 255 overshoots on both sides.
  const auto step =
      at::cat({at::zeros({1, 1, 8, 4}, at::kByte), at::full({1, 1, 8, 4}, 255, at::kByte)}, 3);
  const auto resized = resize_pil_bicubic(step, 16);
  EXPECT_EQ(resized.min().item<float>(), 0.0F);
  EXPECT_EQ(resized.max().item<float>(), 255.0F);
  EXPECT_FALSE(at::equal(resized, resized.round()));
}

TEST(ResizeRules, AreNamedAndDescribed) {
  EXPECT_THAT(resize_rule_names(),
              ElementsAre("tf1-bilinear", "pil-bicubic", "bilinear", "bilinear-antialias"));
  EXPECT_THAT(refusal([] { parse_resize_rule("tf-bilinear"); }),
              HasSubstr("unknown resize rule 'tf-bilinear'; did you mean 'tf1-bilinear'?"));
  EXPECT_EQ(describe_resize(ResizeRule::kBilinear, 224), "bilinear 224, half-pixel, no antialias");
}

TEST(ResizeRules, RefuseAnythingButImages) {
  EXPECT_THROW(resize_bilinear(at::zeros({1, 3, 4, 4}, at::kDouble), 8), c10::Error);
  EXPECT_THROW(resize_tf1_bilinear(at::zeros({3, 4, 4}, at::kByte), 8), c10::Error);
  EXPECT_THROW(resize_pil_bicubic(at::zeros({1, 3, 4, 4}, at::kByte), 0), c10::Error);
}

}  // namespace
}  // namespace assay
