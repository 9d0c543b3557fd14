// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/parameterisation.h"

#include "families/diffusion/steps.h"

namespace assay {
namespace {

using torch::Tensor;

Tensor eps_target(const Tensor&, const Tensor& eps, const Level&, double) { return eps; }
Tensor eps_x0(const Tensor& x_t, const Tensor& output, const Level& level, double) {
  return x0_from_eps(x_t, output, level);
}
Tensor eps_error(const Level& level, double) { return (level.noise / level.signal).square(); }

Tensor velocity_of_angle(const Tensor& x0, const Tensor& eps, const Level& level, double) {
  return v_target(x0, eps, level);
}
Tensor v_x0(const Tensor& x_t, const Tensor& output, const Level& level, double) {
  return x0_from_v(x_t, output, level);
}
Tensor v_error(const Level& level, double) {
  return (level.noise / (level.signal.square() + level.noise.square())).square();
}

Tensor x0_target(const Tensor& x0, const Tensor&, const Level&, double) { return x0; }
Tensor x0_itself(const Tensor&, const Tensor& output, const Level&, double) { return output; }
Tensor same_error(const Level& level, double) {
  return level.signal.new_ones(level.signal.sizes());
}

Tensor score_target(const Tensor&, const Tensor& eps, const Level&, double) { return -eps; }
Tensor score_x0(const Tensor& x_t, const Tensor& output, const Level& level, double) {
  return x0_from_eps(x_t, -output, level);
}

// c_skip, c_out and c_in of x_t itself: those of x_t/α with σ/α, so that nothing is divided by α.
struct Preconditioning {
  Tensor skip, out, in;
};
Preconditioning preconditioning(const Level& level, double data_sd) {
  const auto signal = level.signal * data_sd;
  const auto power = signal.square() + level.noise.square();
  return {signal * data_sd / power, level.noise * data_sd * power.rsqrt(), power.rsqrt()};
}
Tensor f_target(const Tensor& x0, const Tensor& eps, const Level& level, double data_sd) {
  const auto c = preconditioning(level, data_sd);
  return (x0 - c.skip * q_sample(x0, eps, level)) / c.out;
}
Tensor f_x0(const Tensor& x_t, const Tensor& output, const Level& level, double data_sd) {
  const auto c = preconditioning(level, data_sd);
  return c.skip * x_t + c.out * output;
}
Tensor f_error(const Level& level, double data_sd) {
  return preconditioning(level, data_sd).out.square();
}
Tensor f_input(const Tensor& x_t, const Level& level, double data_sd) {
  return preconditioning(level, data_sd).in * x_t;
}

Tensor velocity_target(const Tensor& x0, const Tensor& eps, const Level& level, double) {
  return -(level.signal_slope * x0 + level.noise_slope * eps);
}
// α σ' − α' σ: 1 on straight paths.
Tensor turn(const Level& level) {
  return level.signal * level.noise_slope - level.signal_slope * level.noise;
}
Tensor velocity_x0(const Tensor& x_t, const Tensor& output, const Level& level, double) {
  return (level.noise_slope * x_t + level.noise * output) / turn(level);
}
Tensor velocity_error(const Level& level, double) { return (level.noise / turn(level)).square(); }

constexpr Parameterisation kEpsilon = {"Ho et al. 2020, eq. 14", eps_target, eps_x0, eps_error,
                                       false};
constexpr Parameterisation kV = {"Salimans & Ho 2022, sec. 4", velocity_of_angle, v_x0, v_error};
constexpr Parameterisation kX0 = {"Salimans & Ho 2022, sec. 4", x0_target, x0_itself, same_error};

}  // namespace

const Choices<Parameterisation>& parameterisations() {
  static const Choices<Parameterisation> all = {
      {"epsilon", kEpsilon},
      {"v", kV},
      {"x0", kX0},
      {"score", {"Song et al. 2021, eq. 7", score_target, score_x0, eps_error, false}},
      {"F",
       {.paper = "Karras et al. 2022, eq. 7",
        .target = f_target,
        .x0 = f_x0,
        .x0_error = f_error,
        .input = f_input}},
      {"velocity",
       {.paper = "Lipman et al. 2023, eq. 23",
        .target = velocity_target,
        .x0 = velocity_x0,
        .x0_error = velocity_error,
        .needs_slopes = true}}};
  return all;
}

const Choices<Parameterisation>& ddpm_parameterisations() {
  static const Choices<Parameterisation> all = {{"epsilon", kEpsilon}, {"v", kV}, {"x0", kX0}};
  return all;
}

}  // namespace assay
