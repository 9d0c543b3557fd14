// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/parameterisation.h"

namespace assay {
namespace {

torch::Tensor eps_target(const torch::Tensor&, const torch::Tensor& eps, const NoiseLevel&) {
  return eps;
}

torch::Tensor x0_target(const torch::Tensor& x0, const torch::Tensor&, const NoiseLevel&) {
  return x0;
}

torch::Tensor x0_itself(const torch::Tensor&, const torch::Tensor& output, double) {
  return output;
}

double eps_error(double alpha_bar) { return (1.0 - alpha_bar) / alpha_bar; }
double v_error(double alpha_bar) { return 1.0 - alpha_bar; }
double same_error(double) { return 1.0; }

}  // namespace

const Choices<Parameterisation>& parameterisations() {
  static const Choices<Parameterisation> all = {
      {"epsilon", {"Ho et al. 2020, eq. 14", eps_target, x0_from_eps, eps_error, false}},
      {"v", {"Salimans & Ho 2022, sec. 4", v_target, x0_from_v, v_error}},
      {"x0", {"Salimans & Ho 2022, sec. 4", x0_target, x0_itself, same_error}}};
  return all;
}

}  // namespace assay
