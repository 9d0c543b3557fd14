// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/batch_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/normalisation/row_norm.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"

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
                "batch normalisation can be differentiated twice one seed at a time only");
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

const RowNormKernels* row_kernels() { return row_norm_kernels(vector_unit()); }

// Stacks of matrices x [S,N,C] in training: one pass over memory for each sum, whatever S is.
struct StackedRowNorm : torch::autograd::Function<StackedRowNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& scale,
                            const at::Tensor& bias, const at::Tensor& running_mean,
                            const at::Tensor& running_variance, double momentum, double epsilon) {
    const auto mean = at::empty_like(scale), inverse_sd = at::empty_like(scale);
    context->save_for_backward({x, scale, bias, mean, inverse_sd});
    auto y = at::empty_like(x);
    const std::int64_t channels = x.size(2), size = x.size(1) * channels;
    float *means = running_mean.data_ptr<float>(), *variances = running_variance.data_ptr<float>();
    float* out = y.data_ptr<float>();
    parallel_for(x.size(0), [&](std::int64_t s) {
      RowNorm norm = of_seed({x, scale, bias, mean, inverse_sd}, s);
      norm.epsilon = static_cast<float>(epsilon);
      row_kernels()->forward(norm,
                             {.mean = means + s * channels,
                              .variance = variances + s * channels,
                              .momentum = static_cast<float>(momentum)},
                             out + s * size);
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "batch normalisation can be differentiated twice one seed at a time only");
    const auto saved = context->get_saved_variables();
    const auto by_y = gradients[0].contiguous();
    const auto by_x = at::empty_like(saved[0]), by_scale = at::empty_like(saved[1]),
               by_bias = at::empty_like(saved[1]);
    const std::int64_t channels = by_y.size(2), size = by_y.size(1) * channels;
    const float* y = by_y.const_data_ptr<float>();
    float *x = by_x.data_ptr<float>(), *scale = by_scale.data_ptr<float>(),
          *bias = by_bias.data_ptr<float>();
    parallel_for(by_y.size(0), [&](std::int64_t s) {
      row_kernels()->backward(of_seed(saved, s), {.y = y + s * size,
                                                  .x = x + s * size,
                                                  .scale = scale + s * channels,
                                                  .bias = bias + s * channels});
    });
    return {by_x, by_scale, by_bias, {}, {}, {}, {}};
  }

  // `terms`: stacks too; the statistics are written in place.
  static bool suits(const at::Tensor& x, const BatchNormTerms& terms) {
    if (row_kernels() == nullptr || x.dim() != 3 || !is_f32_on_cpu(x) || x.size(1) < 2)
      return false;
    const auto fits = [&](const at::Tensor& term) {
      return term.defined() && is_f32_on_cpu(term) &&
             term.sizes() == at::IntArrayRef{x.size(0), x.size(2)};
    };
    return fits(terms.scale) && fits(terms.bias) && fits(terms.running_mean) &&
           fits(terms.running_variance) && terms.running_mean.is_contiguous() &&
           terms.running_variance.is_contiguous();
  }

 private:
  // Seed s of {x, scale, bias, mean, inverse_sd}.
  static RowNorm of_seed(const variable_list& t, std::int64_t s) {
    const std::int64_t rows = t[0].size(1), channels = t[0].size(2);
    return {.rows = rows,
            .channels = channels,
            .x = t[0].const_data_ptr<float>() + s * rows * channels,
            .scale = t[1].const_data_ptr<float>() + s * channels,
            .bias = t[2].const_data_ptr<float>() + s * channels,
            .mean = t[3].data_ptr<float>() + s * channels,
            .inverse_sd = t[4].data_ptr<float>() + s * channels};
  }
};

}  // namespace

at::Tensor batch_norm_over_seeds(const at::Tensor& x, const BatchNormTerms& terms, bool training,
                                 double momentum, double epsilon) {
  const auto xs = stack_over_seeds(x), scale = stack_over_seeds(terms.scale),
             bias = stack_over_seeds(terms.bias), mean = stack_over_seeds(terms.running_mean),
             variance = stack_over_seeds(terms.running_variance);
  const OutsideSeedBatch stacks;
  if (training && StackedRowNorm::suits(xs, {scale, bias, mean, variance})) {
    return batch_over_seeds(StackedRowNorm::apply(
        xs.contiguous(), scale.contiguous(), bias.contiguous(), mean, variance, momentum, epsilon));
  }
  return batch_over_seeds(
      StackedBatchNorm::apply(xs, scale, bias, mean, variance, training, momentum, epsilon));
}

}  // namespace assay
