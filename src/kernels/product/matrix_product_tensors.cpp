// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/matrix_product_tensors.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/multiply_adds.h"
#include "kernels/runtime/parallel.h"

namespace assay {
namespace {

// What a thread takes at a time.
constexpr std::int64_t kBlockColumns = 32;
// Multiplications below which waking threads costs more than they bring.
constexpr std::int64_t kWorthThreads = 1 << 19;
// Up to 128 by 128, the loops are as fast as MKL or up to four times faster; at 784 by 400 MKL is
// faster, unless it computes with half vectors: then the loops are twice as fast at any size
// (src/kernels/README.md has the measurements).
constexpr std::int64_t kMostWeights = 1 << 14;

// The layers of all seeds.
struct LayerStack {
  std::int64_t count;
  LayerProducts first;

  LayerStack(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& y)
      : count(x.dim() == 3 ? x.size(0) : 1),
        first{.rows = x.size(-2),
              .inputs = x.size(-1),
              .outputs = y.size(-1),
              .x = x.data_ptr<float>(),
              .w = weight.data_ptr<float>(),
              .y = y.data_ptr<float>()} {}

  LayerProducts of(std::int64_t seed) const {
    LayerProducts layer = first;
    layer.x += seed * first.rows * first.inputs;
    layer.w += seed * weights();
    layer.y += seed * first.rows * first.outputs;
    return layer;
  }
  std::int64_t weights() const { return first.inputs * first.outputs; }
};

// `product_of(seed)` for each seed.
template <class ProductOf>
void multiply_all(const LayerStack& layers, const ProductOf& product_of) {
  const MatrixProduct first = product_of(0);
  const std::int64_t products = layers.count * first.rows * first.depth * first.columns;
  if (multiplies_by_loops(layers.weights())) count_multiply_adds(products);
  if (products < kWorthThreads || !multiplies_by_loops(layers.weights())) {
    for (std::int64_t seed = 0; seed < layers.count; ++seed) {
      multiply(product_of(seed), layers.weights());
    }
    return;
  }
  const std::int64_t blocks = (first.columns + kBlockColumns - 1) / kBlockColumns;
  parallel_for(layers.count * blocks, [&](std::int64_t index) {
    const std::int64_t begin = index % blocks * kBlockColumns;
    const std::int64_t end = std::min(first.columns, begin + kBlockColumns);
    multiply(columns_of(product_of(index / blocks), begin, end), layers.weights());
  });
}

at::Tensor view(const MatrixProduct::Matrix& matrix, std::int64_t rows, std::int64_t columns) {
  return at::from_blob(matrix.data, {rows, columns}, {matrix.row_stride, matrix.column_stride},
                       at::kFloat);
}

// A tensor for several seeds, or for one alone, as `like` is.
at::Tensor result(const at::Tensor& like, std::int64_t rows, std::int64_t columns) {
  return like.dim() == 3 ? at::empty({like.size(0), rows, columns}, like.options())
                         : at::empty({rows, columns}, like.options());
}

}  // namespace

bool blas_uses_half_vectors() { return is_zen_5_or_later() && at::hasMKL(); }

bool multiplies_by_loops(std::int64_t weights) {
  return weights <= kMostWeights || blas_uses_half_vectors();
}

void multiply(const MatrixProduct& p, std::int64_t weights) {
  if (multiplies_by_loops(weights)) return matrix_kernels(vector_unit())->multiply(p);
  const at::NoGradGuard no_grad;
  const auto a = view(p.a, p.rows, p.depth), b = view(p.b, p.depth, p.columns);
  auto c = view(p.c, p.rows, p.columns);
  if (p.bias == nullptr) {
    at::mm_out(c, a, b);
  } else {
    at::addmm_out(c, at::from_blob(const_cast<float*>(p.bias), {p.columns}, at::kFloat), a, b);
  }
}

void multiply_matrices(const at::Tensor& a, const at::Tensor& b, at::Tensor& c) {
  const auto suits = [](const at::Tensor& t) { return t.dim() == 2 && is_f32_on_cpu(t); };
  TORCH_CHECK(suits(a) && suits(b) && suits(c) && a.size(1) == b.size(0) &&
                  c.size(0) == a.size(0) && c.size(1) == b.size(1),
              "multiply_matrices: ", a.sizes(), " by ", b.sizes(), " to ", c.sizes());
  if (!blas_uses_half_vectors() || a.numel() == 0 || b.numel() == 0) {
    at::mm_out(c, a, b);
    return;
  }
  count_multiply_adds(a.numel() * b.size(1));
  const auto matrix = [](const at::Tensor& t) {
    return MatrixProduct::Matrix{t.data_ptr<float>(), t.stride(0), t.stride(1)};
  };
  matrix_kernels(vector_unit())
      ->multiply({.rows = a.size(0),
                  .depth = a.size(1),
                  .columns = b.size(1),
                  .a = matrix(a),
                  .b = matrix(b),
                  .c = matrix(c)});
}

bool matrix_products_suit(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const bool matrices = x.dim() == 2 && weight.dim() == 2;
  const bool stacks = x.dim() == 3 && weight.dim() == 3 && x.size(0) == weight.size(0);
  if (!(matrices || stacks) || x.size(-1) != weight.size(-1)) return false;
  const auto of_outputs = weight.sizes().slice(0, static_cast<std::size_t>(weight.dim() - 1));
  const bool biased = !bias.defined() || (is_f32_on_cpu(bias) && bias.sizes() == of_outputs);
  return biased && is_f32_on_cpu(x) && is_f32_on_cpu(weight) && x.numel() > 0 &&
         weight.numel() > 0 && matrix_kernels(vector_unit()) != nullptr;
}

at::Tensor linear_forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto y = result(x, x.size(-2), weight.size(-2));
  const LayerStack layers(x, weight, y);
  const float* biases = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  multiply_all(layers, [&](std::int64_t seed) {
    return layers.of(seed).forward(biases == nullptr ? nullptr
                                                     : biases + seed * layers.first.outputs);
  });
  return y;
}

at::Tensor linear_input_gradient(const at::Tensor& y, const at::Tensor& weight) {
  const auto x = result(y, y.size(-2), weight.size(-1));
  const LayerStack layers(x, weight, y);
  multiply_all(layers, [&](std::int64_t seed) { return layers.of(seed).input_gradient(); });
  return x;
}

at::Tensor linear_weight_gradient(const at::Tensor& y, const at::Tensor& x) {
  const auto weight = result(y, y.size(-1), x.size(-1));
  const LayerStack layers(x, weight, y);
  multiply_all(layers, [&](std::int64_t seed) { return layers.of(seed).weight_gradient(); });
  return weight;
}

at::Tensor linear_bias_gradient(const at::Tensor& y) {
  const auto sums = result(y, 1, y.size(-1)).squeeze(-2);
  const std::int64_t rows = y.size(-2), columns = y.size(-1), count = sums.numel() / columns;
  const float* from = y.const_data_ptr<float>();
  float* to = sums.data_ptr<float>();
  for (std::int64_t seed = 0; seed < count; ++seed) {
    matrix_kernels(vector_unit())
        ->sum_rows(from + seed * rows * columns, rows, columns, to + seed * columns);
  }
  return sums;
}

}  // namespace assay
