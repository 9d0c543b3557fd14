// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Stacks: x [S,N,C,…], all terms [S,C].
struct StackedBatchNorm : torch::autograd::Function<StackedBatchNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& scale,
                            const at::Tensor& bias, const at::Tensor& running_mean,
                            const at::Tensor& running_variance, bool training, double momentum,
                            double epsilon) {
    auto y = at::empty_like(x, at::MemoryFormat::Contiguous);
    const auto mean = at::empty_like(scale), inverse_sd = at::empty_like(scale);
    auto ys = y.unbind(0), means = mean.unbind(0), inverse_sds = inverse_sd.unbind(0);
    const auto xs = x.unbind(0), scales = scale.unbind(0), biases = bias.unbind(0),
               running_means = running_mean.unbind(0),
               running_variances = running_variance.unbind(0);
    for (std::size_t s = 0; s < ys.size(); ++s) {
      at::native_batch_norm_out(ys[s], means[s], inverse_sds[s], xs[s], scales[s], biases[s],
                                running_means[s], running_variances[s], training, momentum,
                                epsilon);
    }
    context->save_for_backward({x, scale, running_mean, running_variance, mean, inverse_sd});
    context->saved_data["training"] = training;
    context->saved_data["epsilon"] = epsilon;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "batch normalisation over seeds cannot be differentiated twice");
    std::vector<std::vector<at::Tensor>> of_seeds;
    for (const auto& stack : context->get_saved_variables()) of_seeds.push_back(stack.unbind(0));
    const auto& saved = of_seeds;
    const auto gradient = gradients[0].unbind(0);
    std::vector<at::Tensor> x, scale, bias;
    for (std::size_t s = 0; s < gradient.size(); ++s) {
      auto of_seed = at::native_batch_norm_backward(
          gradient[s], saved[0][s], saved[1][s], saved[2][s], saved[3][s], saved[4][s], saved[5][s],
          context->saved_data["training"].toBool(), context->saved_data["epsilon"].toDouble(),
          {context->needs_input_grad(0), context->needs_input_grad(1),
           context->needs_input_grad(2)});
      x.push_back(std::get<0>(of_seed));
      scale.push_back(std::get<1>(of_seed));
      bias.push_back(std::get<2>(of_seed));
    }
    const auto stacked = [](const std::vector<at::Tensor>& parts) {
      return parts.front().defined() ? at::stack(parts) : at::Tensor();
    };
    return {stacked(x), stacked(scale), stacked(bias), {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor batch_norm_over_seeds(const at::Tensor& x, const BatchNormTerms& terms, bool training,
                                 double momentum, double epsilon) {
  const auto xs = stack_over_seeds(x), scale = stack_over_seeds(terms.scale),
             bias = stack_over_seeds(terms.bias), mean = stack_over_seeds(terms.running_mean),
             variance = stack_over_seeds(terms.running_variance);
  const OutsideSeedBatch stacks;
  return batch_over_seeds(
      StackedBatchNorm::apply(xs, scale, bias, mean, variance, training, momentum, epsilon));
}

}  // namespace assay
