// SPDX-License-Identifier: Apache-2.0
// What augmentations do to images: closed forms, and PyTorch (tests/oracle/make_augment_oracle.py).
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "families/gan/augment/ada_transforms.h"
#include "families/gan/augment/diff_augment.h"
#include "tests/families/small_model.h"
#include "tests/oracle/filled.h"

namespace assay {
namespace {

const torch::TensorOptions kF64 = torch::kDouble;

// As in the script.
torch::Tensor filled_f64(at::IntArrayRef sizes, double phase) {
  const auto index = at::arange(c10::multiply_integers(sizes), at::kDouble);
  return (0.6 * at::sin(1.7 * index + phase)).reshape(sizes);
}
torch::Tensor u_of(std::int64_t count, double phase) {
  return (filled_f64({count, 1}, phase) + 0.6) / 1.2000001;
}

void expect_summary(const nlohmann::json& expected, const torch::Tensor& x) {
  const auto weighted = (x * filled_f64(x.sizes(), 2.0)).sum();
  const auto found =
      at::cat({at::stack({x.sum(), weighted, x.square().sum()}), x.flatten().slice(0, 0, 6)});
  ASSERT_EQ(static_cast<std::int64_t>(expected.size()), found.size(0));
  for (std::int64_t i = 0; i < found.size(0); ++i) {
    EXPECT_NEAR(found[i].item<double>(), expected[static_cast<std::size_t>(i)].get<double>(), 1e-8);
  }
}

TEST(DiffAugment, IsWhatPyTorchMakesOfTheSameDraws) {
  const auto expected = oracle("augment_oracle.json").at("diff_augment");
  for (const auto& [label, channels] : {std::pair("colour", 3), std::pair("grey", 1)}) {
    SCOPED_TRACE(label);
    const auto x = filled_f64({3, channels, 9, 12}, 0.5);
    const auto u = [](double phase) { return u_of(3, phase); };
    const auto& of = expected.at(label);
    expect_summary(of.at("brightness"), brightened(x, u(0)));
    expect_summary(of.at("saturation"), saturated(x, u(1)));
    expect_summary(of.at("contrast"), contrasted(x, u(2)));
    expect_summary(of.at("translation"), translated(x, u(3), u(4)));
    expect_summary(of.at("cutout"), cut_out(x, u(5), u(6)));
  }
}

// Of a side of 8: shifts of −1, 0 and 1, and a box of 4 whose middle is one of 9 lines.
TEST(DiffAugment, ReachesEachShiftAndEachBox) {
  const auto x = torch::ones({9, 1, 8, 8});
  const auto u = (torch::arange(9).to(torch::kFloat) / 9.0).unsqueeze(1), half = u * 0.0 + 0.5;
  const auto rows = [](const torch::Tensor& y) { return y.sum({1, 3}) / 8.0; };
  const auto moved = rows(translated(x, u, half));
  for (std::int64_t i = 0; i < 9; ++i) {
    const std::int64_t down = i / 3 - 1;
    for (std::int64_t row = 0; row < 8; ++row) {
      const bool filled_in = row - down >= 0 && row - down < 8;
      EXPECT_EQ(moved[i][row].item<float>(), filled_in ? 1.0f : 0.0f) << i << ' ' << row;
    }
  }
  // Half of the columns are kept beside the box.
  const auto cut = rows(cut_out(x, u, half));
  for (std::int64_t i = 0; i < 9; ++i) {
    for (std::int64_t row = 0; row < 8; ++row) {
      const bool in_box = row >= i - 2 && row < i + 2;
      EXPECT_EQ(cut[i][row].item<float>(), in_box ? 0.5f : 1.0f) << i << ' ' << row;
    }
  }
}

/// The draws of a case of the script, and beside it an image that is spared everything.
struct Drawn {
  AdaPixels pixels;
  AdaGeometry geometry;
  AdaColour colour;
};

Drawn drawn(const nlohmann::json& draws) {
  const auto one = [&](const char* name, double neutral) {
    return at::tensor({draws.at(name).get<double>(), neutral}, kF64);
  };
  const auto two = [&](const char* name) {
    const auto& of = draws.at(name);
    return at::tensor({of[0].get<double>(), of[1].get<double>(), 0.0, 0.0}, kF64).view({2, 2});
  };
  return {{one("flip", 0), one("quarters", 0), two("whole")},
          {one("scale", 1), one("before", 0), one("stretch", 1), one("after", 0), two("shift")},
          {one("brightness", 0), one("contrast", 1), one("luma_flip", 0), one("hue", 0),
           one("saturation", 1)}};
}

void expect_numbers(const nlohmann::json& expected, const torch::Tensor& matrix) {
  const auto found = matrix.flatten();
  ASSERT_EQ(static_cast<std::int64_t>(expected.size()), found.size(0));
  for (std::int64_t i = 0; i < found.size(0); ++i) {
    EXPECT_NEAR(found[i].item<double>(), expected[static_cast<std::size_t>(i)].get<double>(), 1e-9);
  }
}

TEST(AdaTransforms, AreWhatPyTorchMakesOfTheSameDraws) {
  for (const auto& [name, of_case] : oracle("augment_oracle.json").at("ada").items()) {
    for (const auto& [label, channels] : {std::pair("colour", 3), std::pair("grey", 1)}) {
      SCOPED_TRACE(name + " " + label);
      const auto draws = drawn(of_case.at("draws"));
      const auto x = filled_f64({2, channels, 10, 8}, 0.5);
      const auto from = at::matmul(sources(draws.pixels, 10, 8), sources(draws.geometry, 10, 8));
      const auto map = colours(draws.colour, channels == 1);
      const auto& expected = of_case.at(label);
      expect_numbers(expected.at("sources"), from[0]);
      const auto rows = [](const torch::Tensor& c) { return c.slice(0, 0, 3); };
      std::vector<double> wanted = expected.at("colours");
      expect_numbers(std::vector<double>(wanted.begin(), wanted.begin() + 12), rows(map[0]));
      const auto seen = recoloured(geometrically_transformed(x, from), map);
      expect_summary(expected.at("images"), seen.slice(0, 0, 1));
      EXPECT_TRUE(at::equal(seen[1], x[1])) << "an image that was spared has changed";
    }
  }
}

// At twice the resolution the wavelet is orthogonal, so that whole pixels come back as they were.
TEST(AdaTransforms, ShiftWholePixelsExactlyAndMirrorThemAtTheEdges) {
  const auto x = filled_f64({2, 2, 8, 8}, 0.5), zero = torch::zeros({2}, kF64);
  // One to the right and, after rounding, one up.
  const AdaPixels pixels{zero, zero, at::tensor({0.125, -0.1}, kF64).expand({2, 2})};
  const auto moved = geometrically_transformed(x, sources(pixels, 8, 8));
  const auto columns = at::cat({x.slice(3, 1, 2), x.slice(3, 0, 7)}, 3);
  const auto expected = at::cat({columns.slice(2, 1, 8), columns.slice(2, 6, 7)}, 2);
  EXPECT_TRUE(at::allclose(moved, expected, 1e-9, 1e-9));
}

// The wavelet's middle lies .1 doubled pixels beside a pixel's, which mirrored is on the other
// side: a tenth of a pixel in all, on waves that rise by at most π/15 a pixel.
TEST(AdaTransforms, FlipAndTurnSmoothImages) {
  const auto wave = at::cos(torch::arange(16).to(kF64) * (M_PI / 15.0));
  const auto x =
      (wave.view({16, 1}) + 0.5 * at::cos(2.0 * torch::acos(wave))).expand({4, 1, 16, 16});
  AdaPixels pixels{torch::zeros({4}, kF64), torch::arange(4).to(kF64), torch::zeros({4, 2}, kF64)};
  const auto error = [](const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
  };
  const auto turned = geometrically_transformed(x, sources(pixels, 16, 16));
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_LT(error(turned[i], at::rot90(x[i], i, {1, 2})), 0.05) << i;
  }
  pixels.flip = torch::ones({4}, kF64);
  pixels.quarters = torch::zeros({4}, kF64);
  EXPECT_LT(error(geometrically_transformed(x, sources(pixels, 16, 16)), x.flip(3)), 0.05);
}

TEST(AdaTransforms, AreDrawnWithTheAuthorsStrengthsAndTheirShare) {
  constexpr std::int64_t kCount = 20000;
  const Noise noise(seeded(3));
  const auto p = at::full({}, 0.4, kF64);
  const auto pixels = draw_pixels(kCount, p, noise, kF64);
  const auto geometry = draw_geometry(kCount, p, noise, kF64);
  const auto colour = draw_colour(kCount, p, noise, kF64);
  const auto share = [](const torch::Tensor& chosen) {
    return chosen.to(kF64).mean().item<double>();
  };
  const auto sd = [](const torch::Tensor& x, double neutral) {
    return x.masked_select(x != neutral).std().item<double>();
  };
  // The standard error of a share is at most .0036.
  EXPECT_NEAR(share(pixels.flip == 1), 0.2, 0.015);
  EXPECT_NEAR(share(pixels.quarters == 2), 0.1, 0.015);
  EXPECT_NEAR(share((pixels.shift != 0).all(1)), 0.4, 0.015);
  EXPECT_NEAR(share((pixels.shift != 0).any(1)), 0.4, 0.015) << "one decision for both axes";
  EXPECT_NEAR(pixels.shift.abs().max().item<double>(), 0.125, 1e-3);
  EXPECT_NEAR(sd(geometry.scale.log2(), 0), 0.2, 0.01);
  EXPECT_NEAR(sd(geometry.stretch.log2(), 0), 0.2, 0.01);
  EXPECT_NEAR(sd(geometry.shift, 0), 0.125, 0.01);
  // Either turn with 1 − √.6 = .2254, one or both with .4.
  EXPECT_NEAR(share(geometry.before != 0), 0.2254, 0.015);
  EXPECT_NEAR(share((geometry.before != 0) | (geometry.after != 0)), 0.4, 0.015);
  EXPECT_NEAR(geometry.before.abs().max().item<double>(), M_PI, 0.01);
  EXPECT_NEAR(sd(colour.brightness, 0), 0.2, 0.01);
  EXPECT_NEAR(sd(colour.contrast.log2(), 0), 0.5, 0.02);
  EXPECT_NEAR(share(colour.luma_flip == 1), 0.2, 0.015);
  EXPECT_NEAR(colour.hue.abs().max().item<double>(), M_PI, 0.01);
  EXPECT_NEAR(sd(colour.saturation.log2(), 0), 1.0, 0.04);
  const auto more = draw_geometry(200, at::full({}, 1.5, kF64), noise, kF64);
  EXPECT_EQ(share(more.before != 0), 1.0) << "above 1 everything is drawn, as at 1";
}

TEST(AdaTransforms, LeaveEveryBitWhereNothingIsDrawn) {
  const Noise noise(seeded(3));
  const auto none = torch::zeros({}, kF64);
  for (const std::int64_t channels : {1, 3}) {
    const auto x = torch::randn({5, channels, 8, 8}, seeded(4));
    const auto from = at::matmul(sources(draw_pixels(5, none, noise, x.options()), 8, 8),
                                 sources(draw_geometry(5, none, noise, x.options()), 8, 8));
    const auto map = colours(draw_colour(5, none, noise, x.options()), channels == 1);
    EXPECT_TRUE(at::equal(recoloured(geometrically_transformed(x, from), map), x));
  }
}

// P(w) = ½ Σ‖∇_x Σ (w·T(x))³‖² as R1 would have it, by w: needs T's derivative twice.
TEST(AdaTransforms, HaveTheGradientsThatAPenaltyOnSlopesNeeds) {
  const Noise noise(seeded(3));
  const auto p = torch::ones({}, kF64);
  const auto from = at::matmul(sources(draw_pixels(3, p, noise, kF64), 6, 6),
                               sources(draw_geometry(3, p, noise, kF64), 6, 6));
  const auto map = colours(draw_colour(3, p, noise, kF64), true);
  const auto images = filled_f64({3, 1, 6, 6}, 0.5), weights = filled_f64({1, 1, 6, 6}, 1.5);
  const auto penalty = [&](const torch::Tensor& w) {
    const auto x = images.detach().requires_grad_();
    const auto seen =
        translated(recoloured(geometrically_transformed(x, from), map), u_of(3, 1), u_of(3, 2));
    const auto logits = (w * seen).sum({1, 2, 3}).pow(3).sum();
    return 0.5 * torch::autograd::grad({logits}, {x}, {}, true, true).front().square().sum();
  };
  const auto leaf = weights.detach().requires_grad_();
  const auto gradient = torch::autograd::grad({penalty(leaf)}, {leaf}).front();
  const auto d = filled_f64({1, 1, 6, 6}, 2.5);
  const double h = 1e-5;
  const auto difference = (penalty(weights + h * d) - penalty(weights - h * d)) / (2 * h);
  const double expected = difference.item<double>();
  EXPECT_NEAR((gradient * d).sum().item<double>(), expected, 1e-5 * std::abs(expected));
  EXPECT_GT(std::abs(expected), 1e-3);
}

}  // namespace
}  // namespace assay
