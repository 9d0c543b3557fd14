// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/parameterisation.h"

namespace assay {
namespace {

torch::Tensor eps_target(const torch::Tensor&, const torch::Tensor& eps, const NoiseLevel&) {
  return eps;
}

}  // namespace

const Choices<Parameterisation>& parameterisations() {
  static const Choices<Parameterisation> all = {
      {"epsilon", {"Ho et al. 2020, eq. 14", eps_target, x0_from_eps}},
      {"v", {"Salimans & Ho 2022, sec. 4", v_target, x0_from_v}}};
  return all;
}

}  // namespace assay
