// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/mmd.h"

#include <ATen/ATen.h>

#include "config/choices.h"
#include "kernels/product/squared_distances.h"

namespace assay {
namespace {

torch::Tensor kernel_of(const torch::Tensor& squares, MmdKernel kernel, double scale) {
  if (kernel == MmdKernel::kGaussian) return (-squares / scale).exp();
  auto sum = at::zeros_like(squares);
  for (const double s : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0}) {
    sum = sum + scale * s / (scale * s + squares);
  }
  return sum;
}

torch::Tensor off_diagonal_sum(const torch::Tensor& matrix) {
  return matrix.sum() - matrix.diagonal().sum();
}

const Choices<MmdKernel> kMmdKernels = {
    {"inverse_multiquadratic", MmdKernel::kInverseMultiquadratic},
    {"gaussian", MmdKernel::kGaussian}};

class MmdPenalty : public LatentTerm {
 public:
  explicit MmdPenalty(const Definition& definition)
      : weight_(definition.number("objective.mmd_weight")),
        bandwidth_(definition.number("objective.mmd_bandwidth")),
        kernel_(kMmdKernels.of(definition, "objective.mmd_kernel")) {}

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms) override {
    const auto& z = view.z;
    const auto prior_draws = view.context.noise.normal(z.sizes(), z.options().requires_grad(false));
    const auto mmd = mmd_squared(z, prior_draws, kernel_, bandwidth_);
    terms.push_back({"mmd", mmd.detach()});
    return weight_ * mmd;
  }

 private:
  double weight_, bandwidth_;
  MmdKernel kernel_;
};

Schema keys() {
  return {
      {.path = "objective.mmd_weight",
       .default_value = 0.0,
       .meaning = "weight of the squared MMD between q(z) and N(0, I): lambda of WAE-MMD, alpha + "
                  "lambda - 1 of InfoVAE (whose 1 - alpha is beta); 0: none",
       .minimum = 0,
       .maximum = 1e9},
      {.path = "objective.mmd_kernel",
       .default_value = std::string("inverse_multiquadratic"),
       .meaning = "its kernel: WAE's of seven scales, or one Gaussian",
       .choices = kMmdKernels.names(),
       .needs = {{"objective.mmd_weight"}}},
      {.path = "objective.mmd_bandwidth",
       .default_value = 1.0,
       .meaning = "its bandwidth s: C = 2 latent_dim s^2",
       .minimum = 1e-6,
       .maximum = 1e6,
       .needs = {{"objective.mmd_weight"}}},
  };
}

}  // namespace

torch::Tensor mmd_squared(const torch::Tensor& codes, const torch::Tensor& prior_draws,
                          MmdKernel kernel, double bandwidth) {
  TORCH_CHECK(codes.sizes() == prior_draws.sizes() && codes.size(0) > 1, "MMD of ", codes.sizes(),
              " and ", prior_draws.sizes(), ": needs two equal sets of more than one");
  const auto n = static_cast<double>(codes.size(0));
  const double scale = 2.0 * static_cast<double>(codes.size(1)) * bandwidth * bandwidth;
  const auto within =
      off_diagonal_sum(kernel_of(squared_distances(codes, codes), kernel, scale)) +
      off_diagonal_sum(kernel_of(squared_distances(prior_draws, prior_draws), kernel, scale));
  const auto between = kernel_of(squared_distances(codes, prior_draws), kernel, scale).sum();
  return within / (n * (n - 1.0)) - 2.0 * between / (n * n);
}

LatentTermSource mmd_penalty() {
  return {.paper = "Tolstikhin et al. 2018 (WAE-MMD); Zhao et al. 2019 (InfoVAE)",
          .key = "objective.mmd_weight",
          .keys = keys,
          .make = [](const LatentTermArgs& args) -> std::unique_ptr<LatentTerm> {
            return std::make_unique<MmdPenalty>(args.definition);
          }};
}

}  // namespace assay
