// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/rms_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>
#include <vector>

#include "kernels/normalisation/rms_norm_kernels.h"
#include "kernels/runtime/differentiable_gradients.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/parallel.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Bias = std::optional<at::Tensor>;

at::Tensor per_pixel(const at::Tensor& t) { return t.view({-1, t.size(-1), 1, 1}); }

// scale includes √C.
at::Tensor plain(const at::Tensor& x, const at::Tensor& scale, const Bias& bias, bool silu) {
  const auto norm = at::linalg_vector_norm(x, 2.0, {1}, true).clamp_min(1e-12);
  auto y = x / norm * per_pixel(scale);
  if (bias) y = y + per_pixel(*bias);
  return silu ? at::silu(y) : y;
}

// The examples of one call: tensors that stay alive, and example n's share of them.
struct Examples {
  at::Tensor x, scale, bias, inverse_norm;
  bool silu = false;

  RmsNormExample at(std::int64_t n) const {
    const std::int64_t channels = x.size(1), pixels = x.size(2) * x.size(3);
    const auto row = [&](const at::Tensor& t) -> const float* {
      if (!t.defined()) return nullptr;
      return t.const_data_ptr<float>() + (t.dim() == 2 ? n * channels : 0);
    };
    return {.x = x.const_data_ptr<float>() + n * pixels * channels,
            .scale = row(scale),
            .bias = row(bias),
            .pixels = pixels,
            .channels = channels,
            .inverse_norm = inverse_norm.data_ptr<float>() + n * pixels,
            .silu = silu};
  }
};

const RmsNormKernels& kernels() { return *rms_norm_kernels(vector_unit()); }

struct Fused : torch::autograd::Function<Fused> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& scale,
                            const Bias& bias, bool silu) {
    Examples examples{x, scale, bias.value_or(at::Tensor()), {}, silu};
    examples.inverse_norm = at::empty({x.size(0), x.size(2) * x.size(3)}, scale.options());
    auto y = at::empty_like(x);
    float* out = y.data_ptr<float>();
    parallel_for(x.size(0), [&](std::int64_t n) {
      const auto example = examples.at(n);
      kernels().forward(example, out + n * example.pixels * example.channels);
    });
    context->save_for_backward({x, scale, examples.bias, examples.inverse_norm});
    context->saved_data["silu"] = silu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Examples examples{saved[0], saved[1], saved[2], saved[3],
                            context->saved_data["silu"].toBool()};
    if (at::GradMode::is_enabled()) return differentiable(examples, gradients[0]);
    return fused(examples, gradients[0].contiguous(at::MemoryFormat::ChannelsLast));
  }

 private:
  // By the plain operators, whose gradients can be differentiated again.
  static variable_list differentiable(const Examples& e, const at::Tensor& gradient) {
    const auto of = [&](const variable_list& t) {
      return plain(t[0], t[1], t[2].defined() ? Bias(t[2]) : Bias(), e.silu);
    };
    return differentiable_gradients(of, {e.x, e.scale, e.bias}, gradient, 4);
  }

  static variable_list fused(const Examples& e, const at::Tensor& gradient) {
    const std::int64_t count = e.x.size(0), channels = e.x.size(1);
    auto x = at::empty_like(e.x);
    auto scale = at::empty({count, channels}, e.scale.options()), bias = at::empty_like(scale);
    parallel_for(count, [&](std::int64_t n) {
      const auto example = e.at(n);
      const std::int64_t offset = n * example.pixels * channels;
      kernels().backward(example, {.y = gradient.const_data_ptr<float>() + offset,
                                   .x = x.data_ptr<float>() + offset,
                                   .scale = scale.data_ptr<float>() + n * channels,
                                   .bias = bias.data_ptr<float>() + n * channels});
    });
    const auto like = [](const at::Tensor& gradient_rows, const at::Tensor& parameter) {
      if (!parameter.defined()) return at::Tensor();
      return parameter.dim() == 1 ? gradient_rows.sum(0) : gradient_rows;
    };
    return {x, like(scale, e.scale), like(bias, e.bias), {}};
  }
};

bool fuses(const at::Tensor& x) {
  return is_f32_on_cpu(x) && x.numel() > 0 && !x.is_contiguous() &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         rms_norm_kernels(vector_unit()) != nullptr;
}

}  // namespace

const RmsNormKernels* rms_norm_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return rms_norm_avx512();
  return unit == VectorUnit::kAvx2 ? rms_norm_avx2() : nullptr;
}

at::Tensor rms_norm(const at::Tensor& x, const RmsNormTerms& terms, Activation activation) {
  TORCH_CHECK(x.dim() == 4 && terms.scale.defined() && terms.scale.size(-1) == x.size(1),
              "no scale for the channels of ", x.sizes());
  const bool silu = activation == Activation::kSilu;
  const auto scale = (terms.scale * std::sqrt(static_cast<double>(x.size(1)))).contiguous();
  const auto bias = terms.bias.defined() ? Bias(terms.bias.contiguous()) : Bias();
  return fuses(x) ? Fused::apply(x, scale, bias, silu) : plain(x, scale, bias, silu);
}

}  // namespace assay
