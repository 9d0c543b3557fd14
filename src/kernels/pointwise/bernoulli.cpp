// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bernoulli.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "kernels/pointwise/bernoulli_kernels.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const BernoulliKernels& kernels() { return *bernoulli_kernels(vector_unit()); }

std::int64_t pixels(const at::Tensor& t) { return t.numel() / t.size(0); }

// One number per image beside its pixels.
at::Tensor per_image(const at::Tensor& values, const at::Tensor& images) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(images.dim()), 1);
  sizes[0] = -1;
  return values.view(sizes);
}

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& logits) {
    context->save_for_backward({x, logits});
    auto sums = at::empty({x.size(0)}, x.options());
    const std::int64_t count = pixels(x);
    parallel_for(x.size(0), [&](std::int64_t n) {
      sums.data_ptr<float>()[n] = kernels().sum(x.const_data_ptr<float>() + n * count,
                                                logits.const_data_ptr<float>() + n * count, count);
    });
    return sums;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &logits = saved[1];
    variable_list result(2);
    if (context->needs_input_grad(0)) result[0] = -per_image(gradients[0], logits) * logits;
    if (context->needs_input_grad(1)) {
      result[1] = at::GradMode::is_enabled() ? per_image(gradients[0], x) * (logits.sigmoid() - x)
                                             : fused_gradient(x, logits, gradients[0].contiguous());
    }
    return result;
  }

 private:
  static at::Tensor fused_gradient(const at::Tensor& x, const at::Tensor& logits,
                                   const at::Tensor& factors) {
    auto gradient = at::empty_like(logits);
    const std::int64_t count = pixels(x);
    parallel_for(x.size(0), [&](std::int64_t n) {
      kernels().gradient(
          x.const_data_ptr<float>() + n * count, logits.const_data_ptr<float>() + n * count, count,
          factors.const_data_ptr<float>()[n], gradient.data_ptr<float>() + n * count);
    });
    return gradient;
  }
};

bool fuses(const at::Tensor& x, const at::Tensor& logits) {
  return is_f32_on_cpu(x) && is_f32_on_cpu(logits) && x.numel() > 0 &&
         bernoulli_kernels(vector_unit()) != nullptr;
}

}  // namespace

const BernoulliKernels* bernoulli_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return bernoulli_avx512();
  return unit == VectorUnit::kAvx2 ? bernoulli_avx2() : nullptr;
}

namespace {

// The images of all seeds one after another: each image's sum is its own.
at::Tensor over_seeds(const at::Tensor& x, const at::Tensor& logits) {
  const auto xs = stack_over_seeds(x), all_logits = stack_over_seeds(logits);
  const OutsideSeedBatch stacks;
  const auto sums = bernoulli_cross_entropy(xs.flatten(0, 1), all_logits.flatten(0, 1));
  return batch_over_seeds(sums.view({xs.size(0), xs.size(1)}));
}

}  // namespace

at::Tensor bernoulli_cross_entropy(const at::Tensor& x, const at::Tensor& logits) {
  TORCH_CHECK(x.sizes() == logits.sizes() && x.dim() > 0, "images ", x.sizes(), " and logits ",
              logits.sizes(), " differ in shape");
  if (is_batched_over_seeds(x) || is_batched_over_seeds(logits)) return over_seeds(x, logits);
  if (fuses(x, logits)) return CrossEntropy::apply(x.contiguous(), logits.contiguous());
  return at::binary_cross_entropy_with_logits(logits, x, {}, {}, at::Reduction::None)
      .reshape({x.size(0), -1})
      .sum(1);
}

}  // namespace assay
