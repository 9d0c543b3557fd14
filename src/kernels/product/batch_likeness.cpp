// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/batch_likeness.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <functional>

#include "kernels/product/batch_likeness_kernels.h"
#include "kernels/runtime/differentiable_gradients.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const LikenessKernels* loops() { return likeness_kernels(vector_unit()); }

// [..,N,B,C] -> [..,N,B].
at::Tensor plain_likeness(const at::Tensor& m) {
  const auto distances = (m.unsqueeze(-3) - m.unsqueeze(-4)).abs().sum(-1);
  return at::exp(-distances).sum(-2);
}

// [S,N,B,C] -> [S,B,C,N]: what is compared lies side by side.
at::Tensor likeness_rows(const at::Tensor& m) { return m.permute({0, 2, 3, 1}).contiguous(); }

// work(rows, k) for kernel k of all seeds.
void for_each_likeness(const at::Tensor& rows,
                       const std::function<void(const LikenessRows&, std::int64_t)>& work) {
  const std::int64_t kernels = rows.size(0) * rows.size(1), dimensions = rows.size(2),
                     count = rows.size(3);
  auto buffers = at::empty({kernels, count}, rows.options());
  const float* m = rows.const_data_ptr<float>();
  float* buffer = buffers.data_ptr<float>();
  parallel_for(kernels, [&](std::int64_t k) {
    work({m + k * dimensions * count, count, dimensions, buffer + k * count}, k);
  });
}

struct Likeness : torch::autograd::Function<Likeness> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& m) {
    context->save_for_backward({m});
    const auto rows = likeness_rows(m);
    auto likeness = at::empty({m.size(0), m.size(2), m.size(1)}, m.options());  // [S,B,N]
    float* to = likeness.data_ptr<float>();
    for_each_likeness(rows, [&](const LikenessRows& of, std::int64_t k) {
      loops()->forward(of, to + k * of.count);
    });
    return likeness.transpose(1, 2).contiguous();
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto m = context->get_saved_variables()[0];
    if (at::GradMode::is_enabled()) {
      const auto of = [](const variable_list& inputs) { return plain_likeness(inputs[0]); };
      return differentiable_gradients(of, {m}, gradients[0], 1);
    }
    const auto rows = likeness_rows(m), by_likeness = gradients[0].transpose(1, 2).contiguous();
    auto by_rows = at::empty_like(rows);
    const float* from = by_likeness.const_data_ptr<float>();
    float* to = by_rows.data_ptr<float>();
    for_each_likeness(rows, [&](const LikenessRows& of, std::int64_t k) {
      loops()->backward(of, from + k * of.count, to + k * of.dimensions * of.count);
    });
    return {by_rows.permute({0, 3, 1, 2})};
  }
};

}  // namespace

const LikenessKernels* likeness_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return likeness_avx512();
  return unit == VectorUnit::kAvx2 ? likeness_avx2() : nullptr;
}

at::Tensor batch_likeness(const at::Tensor& m) {
  TORCH_CHECK(m.dim() == 3, "likeness is of [N,B,C], not of ", m.sizes());
  const bool batched = is_batched_over_seeds(m);
  const auto all = batched ? stack_over_seeds(m) : m.unsqueeze(0);
  // LibTorch lets nodes of our own into no batch, not even for what is the same for all seeds.
  const bool shared = seeds_in_batch() > 0 && !batched;
  if (shared || !is_f32_on_cpu(all) || all.numel() == 0 || loops() == nullptr)
    return plain_likeness(m);
  if (!batched) return Likeness::apply(all).squeeze(0);
  const OutsideSeedBatch stacks;
  return batch_over_seeds(Likeness::apply(all));
}

}  // namespace assay
