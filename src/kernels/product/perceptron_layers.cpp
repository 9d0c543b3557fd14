// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/perceptron_layers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "kernels/normalisation/row_norm.h"
#include "kernels/pointwise/rectifier.h"
#include "kernels/product/matrix_product_tensors.h"
#include "kernels/runtime/multiply_adds.h"
#include "kernels/runtime/parallel.h"

namespace assay {
namespace {

// A seed's share of a stack, or null.
float* share_of(const at::Tensor& stack, std::int64_t seed) {
  return stack.defined() ? stack.data_ptr<float>() + seed * (stack.numel() / stack.size(0))
                         : nullptr;
}

// work(seed) for each; several at a time only where no product wants all threads for itself.
template <class Work>
void for_seeds(const StackedLayers& layers, const Work& work) {
  const bool small = std::all_of(layers.all.begin(), layers.all.end(), [](const auto& layer) {
    return multiplies_by_loops(layer.inputs() * layer.outputs());
  });
  if (small) return parallel_for(layers.seeds, work);
  for (std::int64_t seed = 0; seed < layers.seeds; ++seed) work(seed);
}

// So many products of a layer by our loops, of all seeds; LibTorch's are seen when they are called.
void count_products(const StackedLayers& layers, const StackedLayer& layer, std::int64_t times) {
  const std::int64_t weights = layer.inputs() * layer.outputs();
  if (multiplies_by_loops(weights)) {
    count_multiply_adds(times * layers.seeds * layers.rows * weights);
  }
}

LayerProducts products(const StackedLayers& layers, const StackedLayer& layer) {
  return {.rows = layers.rows, .inputs = layer.inputs(), .outputs = layer.outputs()};
}

RowNorm norm_of(const StackedLayers& layers, const StackedLayer& layer, std::int64_t seed) {
  return {.rows = layers.rows,
          .channels = layer.outputs(),
          .x = share_of(layer.before_norm, seed),
          .scale = share_of(layer.scale, seed),
          .bias = share_of(layer.shift, seed),
          .mean = share_of(layer.mean, seed),
          .inverse_sd = share_of(layer.inverse_sd, seed),
          .epsilon = static_cast<float>(layer.epsilon)};
}

void make_room(StackedLayers& layers, const at::TensorOptions& options) {
  for (StackedLayer& layer : layers.all) {
    const std::int64_t width = layer.outputs();
    layer.y = at::empty({layers.seeds, layers.rows, width}, options);
    if (!layer.normalised()) continue;
    layer.before_norm = at::empty_like(layer.y);
    layer.mean = at::empty({layers.seeds, width}, options);
    layer.inverse_sd = at::empty_like(layer.mean);
  }
}

void forward_seed(const StackedLayers& layers, float* x, std::int64_t seed) {
  for (const StackedLayer& layer : layers.all) {
    float* y = share_of(layer.y, seed);
    auto product = products(layers, layer);
    product.x = x;
    product.w = share_of(layer.weight, seed);
    product.y = layer.normalised() ? share_of(layer.before_norm, seed) : y;
    multiply(product.forward(share_of(layer.bias, seed)), layer.inputs() * layer.outputs());
    if (layer.normalised()) {
      row_norm_kernels(vector_unit())
          ->forward(norm_of(layers, layer, seed),
                    {.mean = share_of(layer.running_mean, seed),
                     .variance = share_of(layer.running_variance, seed),
                     .momentum = static_cast<float>(layer.momentum)},
                    y);
    }
    if (layer.slope) {
      rectifier_kernels(vector_unit())
          ->forward(static_cast<float>(*layer.slope), layers.rows * layer.outputs(), y);
    }
    x = y;
  }
}

// A backward pass with its scratch memory.
class Backward {
 public:
  Backward(const StackedLayers& layers, const PerceptronGradients& gradients)
      : layers_(layers), gradients_(gradients), first_(gradients.first_layer()) {
    std::int64_t widest = 0;
    for (const StackedLayer& layer : layers.all) {
      widest = std::max({widest, layer.inputs(), layer.outputs()});
    }
    // One piece stays in the cache; seeds that may be at work at a time need their own.
    const std::int64_t pieces = at::get_num_threads() > 1 ? layers.seeds : 1;
    scratch_ = at::empty({pieces, 2, layers.rows * widest}, gradients.x.options());
  }

  void seed(std::int64_t s) const;
  // What seed() multiplies, for all seeds.
  void count() const;

 private:
  // From the gradient by a layer's result that by its product, in `to`.
  const float* through(std::size_t index, std::int64_t s, const float* by, float* to) const;

  const StackedLayers& layers_;
  const PerceptronGradients& gradients_;
  std::size_t first_;
  at::Tensor scratch_;
};

const float* Backward::through(std::size_t index, std::int64_t s, const float* by,
                               float* to) const {
  const StackedLayer& layer = layers_.all[index];
  if (layer.slope) {
    rectifier_kernels(vector_unit())
        ->backward(static_cast<float>(*layer.slope), layers_.rows * layer.outputs(),
                   share_of(layer.y, s), by, to);
    by = to;
  }
  if (!layer.normalised()) return by;
  const LayerGradients& gradients = gradients_.by_layers[index];
  row_norm_kernels(vector_unit())
      ->backward(norm_of(layers_, layer, s), {.y = by,
                                              .x = to,
                                              .scale = share_of(gradients.scale, s),
                                              .bias = share_of(gradients.shift, s)});
  return to;
}

void Backward::count() const {
  for (std::size_t index = first_; index < layers_.all.size(); ++index) {
    const bool by_x = index > first_ || (index == 0 && gradients_.by_x.defined());
    const bool by_weight = gradients_.by_layers[index].weight.defined();
    count_products(layers_, layers_.all[index], (by_x ? 1 : 0) + (by_weight ? 1 : 0));
  }
}

void Backward::seed(std::int64_t s) const {
  float* here = share_of(scratch_, s % scratch_.size(0));
  float* next = here + scratch_.size(2);
  const float* by = share_of(gradients_.by_y, s);
  for (std::size_t index = layers_.all.size(); index-- > first_;) {
    const StackedLayer& layer = layers_.all[index];
    const LayerGradients& gradients = gradients_.by_layers[index];
    by = through(index, s, by, here);
    const std::int64_t weights = layer.inputs() * layer.outputs();
    auto product = products(layers_, layer);
    product.y = const_cast<float*>(by);  // read alone
    if (gradients.bias.defined()) {
      matrix_kernels(vector_unit())
          ->sum_rows(by, layers_.rows, layer.outputs(), share_of(gradients.bias, s));
    }
    if (gradients.weight.defined()) {
      product.x = share_of(index == 0 ? gradients_.x : layers_.all[index - 1].y, s);
      product.w = share_of(gradients.weight, s);
      multiply(product.weight_gradient(), weights);
    }
    if (index == first_ && (index > 0 || !gradients_.by_x.defined())) break;
    product.x = index == 0 ? share_of(gradients_.by_x, s) : next;
    product.w = share_of(layer.weight, s);
    multiply(product.input_gradient(), weights);
    by = product.x;
    std::swap(here, next);
  }
}

}  // namespace

void forward_through(StackedLayers& layers, const at::Tensor& x) {
  make_room(layers, x.options());
  for (const StackedLayer& layer : layers.all) count_products(layers, layer, 1);
  for_seeds(layers, [&](std::int64_t seed) { forward_seed(layers, share_of(x, seed), seed); });
}

std::size_t PerceptronGradients::first_layer() const {
  if (by_x.defined()) return 0;
  const auto found =
      std::find_if(by_layers.begin(), by_layers.end(), [](const LayerGradients& one) {
        return one.weight.defined() || one.bias.defined() || one.scale.defined();
      });
  return static_cast<std::size_t>(found - by_layers.begin());
}

void backward_through(const StackedLayers& layers, const PerceptronGradients& gradients) {
  const Backward pass(layers, gradients);
  pass.count();
  for_seeds(layers, [&](std::int64_t seed) { pass.seed(seed); });
}

}  // namespace assay
