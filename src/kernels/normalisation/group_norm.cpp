// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/group_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <vector>

#include "kernels/normalisation/group_norm_kernels.h"
#include "kernels/runtime/differentiable_gradients.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kMostFusedChannels = 2048;  // of group_norm_loops.h

at::Tensor per_pixel(const at::Tensor& t) { return t.unsqueeze(-1).unsqueeze(-1); }

at::Tensor plain(const at::Tensor& x, const GroupNormTerms& terms, std::int64_t groups,
                 double epsilon) {
  const auto h = terms.shift.defined() ? x + per_pixel(terms.shift) : x;
  if (terms.scale.dim() == 1) {
    return at::silu(at::group_norm(h, groups, terms.scale, terms.bias, epsilon));
  }
  const auto normalised = at::group_norm(h, groups, {}, {}, epsilon);
  return at::silu(at::addcmul(per_pixel(terms.bias), normalised, per_pixel(terms.scale)));
}

// The examples of one call: tensors that stay alive, and example n's share of them.
struct Examples {
  at::Tensor x, shift, scale, bias, mean, inverse_scale;
  std::int64_t groups = 0;

  GroupNormExample at(std::int64_t n) const {
    const std::int64_t channels = x.size(1), pixels = x.size(2) * x.size(3);
    const std::int64_t of_example = scale.dim() == 2 ? n * channels : 0;
    return {.x = x.const_data_ptr<float>() + n * pixels * channels,
            .shift = shift.defined() ? shift.const_data_ptr<float>() + n * channels : nullptr,
            .scale = scale.const_data_ptr<float>() + of_example,
            .bias = bias.const_data_ptr<float>() + of_example,
            .pixels = pixels,
            .channels = channels,
            .groups = groups,
            .mean = mean.data_ptr<float>() + n * groups,
            .inverse_scale = inverse_scale.data_ptr<float>() + n * groups};
  }
};

const GroupNormKernels& kernels() { return *group_norm_kernels(vector_unit()); }

using Shift = std::optional<at::Tensor>;

struct Fused : torch::autograd::Function<Fused> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& scale,
                            const at::Tensor& bias, const Shift& shift, std::int64_t groups,
                            double epsilon) {
    Examples examples{x, shift.value_or(at::Tensor()), scale, bias, {}, {}, groups};
    examples.mean = at::empty({x.size(0), groups}, scale.options());
    examples.inverse_scale = at::empty_like(examples.mean);
    auto y = at::empty_like(x);
    float* out = y.data_ptr<float>();
    parallel_for(x.size(0), [&](std::int64_t n) {
      const auto example = examples.at(n);
      kernels().forward(example, epsilon, out + n * example.pixels * example.channels);
    });
    context->save_for_backward(
        {x, scale, bias, examples.shift, examples.mean, examples.inverse_scale});
    context->saved_data["groups"] = groups;
    context->saved_data["epsilon"] = epsilon;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Examples examples{saved[0],
                            saved[3],
                            saved[1],
                            saved[2],
                            saved[4],
                            saved[5],
                            context->saved_data["groups"].toInt()};
    if (at::GradMode::is_enabled()) {
      return differentiable(examples, context->saved_data["epsilon"].toDouble(), gradients[0]);
    }
    return fused(examples, gradients[0].contiguous(at::MemoryFormat::ChannelsLast));
  }

 private:
  // By the plain operators, whose gradients can be differentiated again.
  static variable_list differentiable(const Examples& e, double epsilon,
                                      const at::Tensor& gradient) {
    const auto of = [&](const variable_list& t) {
      return plain(t[0], {.shift = t[3], .scale = t[1], .bias = t[2]}, e.groups, epsilon);
    };
    return differentiable_gradients(of, {e.x, e.scale, e.bias, e.shift}, gradient, 6);
  }

  static variable_list fused(const Examples& e, const at::Tensor& gradient) {
    const std::int64_t count = e.x.size(0), channels = e.x.size(1);
    auto x = at::empty_like(e.x);
    auto scale = at::empty({count, channels}, e.scale.options()), bias = at::empty_like(scale);
    auto shift = e.shift.defined() ? at::empty_like(scale) : at::Tensor();
    const auto row = [&](const at::Tensor& t, std::int64_t n) {
      return t.defined() ? t.data_ptr<float>() + n * channels : nullptr;
    };
    parallel_for(count, [&](std::int64_t n) {
      const auto example = e.at(n);
      const std::int64_t offset = n * example.pixels * channels;
      kernels().backward(example, {.y = gradient.const_data_ptr<float>() + offset,
                                   .x = x.data_ptr<float>() + offset,
                                   .shift = row(shift, n),
                                   .scale = row(scale, n),
                                   .bias = row(bias, n)});
    });
    if (e.scale.dim() == 1) return {x, scale.sum(0), bias.sum(0), shift, {}, {}};
    return {x, scale, bias, shift, {}, {}};
  }
};

bool fuses(const at::Tensor& x) {
  return is_f32_on_cpu(x) && x.dim() == 4 && x.size(1) <= kMostFusedChannels && x.numel() > 0 &&
         !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         group_norm_kernels(vector_unit()) != nullptr;
}

}  // namespace

const GroupNormKernels* group_norm_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return group_norm_avx512();
  return unit == VectorUnit::kAvx2 ? group_norm_avx2() : nullptr;
}

at::Tensor group_norm_silu(const at::Tensor& x, const GroupNormTerms& terms, std::int64_t groups,
                           double epsilon) {
  TORCH_CHECK(x.dim() == 4 && groups > 0 && x.size(1) % groups == 0, groups,
              " groups do not divide the channels of ", x.sizes());
  if (is_batched_over_seeds(x) || is_batched_over_seeds(terms.scale)) {
    return for_each_seed({x, terms.shift, terms.scale, terms.bias}, [&](const auto& t) {
      return group_norm_silu(t[0], {t[1], t[2], t[3]}, groups, epsilon);
    });
  }
  if (!fuses(x)) return plain(x, terms, groups, epsilon);
  const Shift shift = terms.shift.defined() ? Shift(terms.shift.contiguous()) : Shift(std::nullopt);
  return Fused::apply(x, terms.scale.contiguous(), terms.bias.contiguous(), shift, groups, epsilon);
}

}  // namespace assay
