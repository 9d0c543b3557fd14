// SPDX-License-Identifier: Apache-2.0
#include "kernels/perceptron.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>

#include "kernels/differentiable_gradients.h"
#include "kernels/matrix_product_tensors.h"
#include "kernels/parallel.h"
#include "kernels/rectifier.h"
#include "kernels/row_norm.h"
#include "kernels/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A layer's stacks [S,…]; what does not exist is undefined.
struct Layer {
  at::Tensor weight, bias, scale, shift;
  at::Tensor running_mean, running_variance;
  double momentum = 0.0, epsilon = 0.0;
  std::optional<double> slope;
  // What forward leaves for backward: the layer's result, and what was normalised.
  at::Tensor y, before_norm, mean, inverse_sd;

  bool normalised() const { return scale.defined(); }
  std::int64_t inputs() const { return weight.size(2); }
  std::int64_t outputs() const { return weight.size(1); }
};

// All layers of all seeds, between forward and backward.
struct Layers : torch::CustomClassHolder {
  std::vector<Layer> all;
  std::int64_t seeds = 0, rows = 0;
};

float* of_seed(const at::Tensor& stack, std::int64_t seed) {
  return stack.defined() ? stack.data_ptr<float>() + seed * (stack.numel() / stack.size(0))
                         : nullptr;
}

// work(seed) for each; several at a time only where no product wants all threads for itself.
template <class Work>
void for_seeds(const Layers& layers, const Work& work) {
  const bool small = std::all_of(layers.all.begin(), layers.all.end(), [](const Layer& layer) {
    return multiplies_by_loops(layer.inputs() * layer.outputs());
  });
  if (small) return parallel_for(layers.seeds, work);
  for (std::int64_t seed = 0; seed < layers.seeds; ++seed) work(seed);
}

LayerProducts products(const Layers& layers, const Layer& layer) {
  return {.rows = layers.rows, .inputs = layer.inputs(), .outputs = layer.outputs()};
}

RowNorm norm_of(const Layers& layers, const Layer& layer, std::int64_t seed) {
  return {.rows = layers.rows,
          .channels = layer.outputs(),
          .x = of_seed(layer.before_norm, seed),
          .scale = of_seed(layer.scale, seed),
          .bias = of_seed(layer.shift, seed),
          .mean = of_seed(layer.mean, seed),
          .inverse_sd = of_seed(layer.inverse_sd, seed),
          .epsilon = static_cast<float>(layer.epsilon)};
}

void forward_seed(const Layers& layers, float* x, std::int64_t seed) {
  for (const Layer& layer : layers.all) {
    float* y = of_seed(layer.y, seed);
    auto product = products(layers, layer);
    product.x = x;
    product.w = of_seed(layer.weight, seed);
    product.y = layer.normalised() ? of_seed(layer.before_norm, seed) : y;
    multiply(product.forward(of_seed(layer.bias, seed)), layer.inputs() * layer.outputs());
    if (layer.normalised()) {
      row_norm_kernels(vector_unit())
          ->forward(norm_of(layers, layer, seed),
                    {.mean = of_seed(layer.running_mean, seed),
                     .variance = of_seed(layer.running_variance, seed),
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

// Gradients by a layer's parameters, undefined where nobody wants one.
struct ParameterGradients {
  at::Tensor weight, bias, scale, shift;
};

// All that one seed's backward pass reads and writes beside the layers.
struct Backward {
  const Layers& layers;
  const at::Tensor& x;
  const at::Tensor& by_y;
  at::Tensor by_x;  // undefined if nobody wants it
  std::vector<ParameterGradients> by_layers;
  std::size_t first;  // the first layer of which anything is wanted

  void seed(std::int64_t s) const;

 private:
  // From the gradient by a layer's result that by its product, in `to`.
  const float* through(std::size_t index, std::int64_t s, const float* by, float* to) const;
};

const float* Backward::through(std::size_t index, std::int64_t s, const float* by,
                               float* to) const {
  const Layer& layer = layers.all[index];
  if (layer.slope) {
    rectifier_kernels(vector_unit())
        ->backward(static_cast<float>(*layer.slope), layers.rows * layer.outputs(),
                   of_seed(layer.y, s), by, to);
    by = to;
  }
  if (!layer.normalised()) return by;
  const ParameterGradients& gradients = by_layers[index];
  row_norm_kernels(vector_unit())
      ->backward(norm_of(layers, layer, s), {.y = by,
                                             .x = to,
                                             .scale = of_seed(gradients.scale, s),
                                             .bias = of_seed(gradients.shift, s)});
  return to;
}

void Backward::seed(std::int64_t s) const {
  std::int64_t widest = 0;
  for (const Layer& layer : layers.all) {
    widest = std::max({widest, layer.inputs(), layer.outputs()});
  }
  const auto size = static_cast<std::size_t>(layers.rows * widest);
  const auto scratch = std::make_unique_for_overwrite<float[]>(2 * size);
  float *here = scratch.get(), *next = here + size;
  const float* by = of_seed(by_y, s);
  for (std::size_t index = layers.all.size(); index-- > first;) {
    const Layer& layer = layers.all[index];
    const ParameterGradients& gradients = by_layers[index];
    by = through(index, s, by, here);
    const std::int64_t weights = layer.inputs() * layer.outputs();
    auto product = products(layers, layer);
    product.y = const_cast<float*>(by);  // read alone
    if (gradients.bias.defined()) {
      matrix_kernels(vector_unit())
          ->sum_rows(by, layers.rows, layer.outputs(), of_seed(gradients.bias, s));
    }
    if (gradients.weight.defined()) {
      product.x = of_seed(index == 0 ? x : layers.all[index - 1].y, s);
      product.w = of_seed(gradients.weight, s);
      multiply(product.weight_gradient(), weights);
    }
    if (index == first && (index > 0 || !by_x.defined())) break;
    product.x = index == 0 ? of_seed(by_x, s) : next;
    product.w = of_seed(layer.weight, s);
    multiply(product.input_gradient(), weights);
    by = product.x;
    std::swap(here, next);
  }
}

// The same by LibTorch, with a graph of its own; running statistics stay as they are.
at::Tensor plain(const at::Tensor& x, const std::vector<Layer>& layers) {
  at::Tensor y = x;
  for (const Layer& layer : layers) {
    y = at::matmul(y, layer.weight.transpose(1, 2));
    if (layer.bias.defined()) y = y + layer.bias.unsqueeze(1);
    if (layer.normalised()) {
      const auto centred = y - y.mean(1, /*keepdim=*/true);
      const auto variance = centred.square().mean(1, /*keepdim=*/true);
      y = centred * (variance + layer.epsilon).rsqrt() * layer.scale.unsqueeze(1) +
          layer.shift.unsqueeze(1);
    }
    if (layer.slope) y = *layer.slope == 0.0 ? at::relu(y) : at::leaky_relu(y, *layer.slope);
  }
  return y;
}

// The parameters that exist, layer by layer.
template <class Parameters, class Visit>
void each_parameter(Parameters& of_layer, const Visit& visit) {
  for (auto* parameter : {&of_layer.weight, &of_layer.bias, &of_layer.scale, &of_layer.shift}) {
    visit(*parameter);
  }
}

void make_room(Layers& layers, const at::TensorOptions& options) {
  for (Layer& layer : layers.all) {
    const std::int64_t width = layer.outputs();
    layer.y = at::empty({layers.seeds, layers.rows, width}, options);
    if (!layer.normalised()) continue;
    layer.before_norm = at::empty_like(layer.y);
    layer.mean = at::empty({layers.seeds, width}, options);
    layer.inverse_sd = at::empty_like(layer.mean);
  }
}

struct Perceptron : torch::autograd::Function<Perceptron> {
  // `parameters`: those of `layers`, which autograd is to know.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            at::TensorList parameters, c10::intrusive_ptr<Layers> layers) {
    variable_list inputs = {x};
    inputs.insert(inputs.end(), parameters.begin(), parameters.end());
    context->save_for_backward(inputs);
    make_room(*layers, x.options());
    for_seeds(*layers, [&](std::int64_t seed) { forward_seed(*layers, of_seed(x, seed), seed); });
    const at::Tensor y = layers->all.back().y;
    // A node must not own its own result; where the last activation reads it, a copy is kept.
    Layer& last = layers->all.back();
    last.y = last.slope ? y.clone() : at::Tensor();
    context->saved_data["layers"] = c10::IValue::make_capsule(layers);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto capsule = context->saved_data["layers"].toCapsule();
    const auto& layers = static_cast<const Layers&>(*capsule);
    if (at::GradMode::is_enabled()) {
      return differentiable_gradients(plain(saved[0], with(layers, saved)), saved, gradients[0],
                                      saved.size() + 1);
    }
    const auto by_y = gradients[0].contiguous();
    Backward pass{layers, saved[0], by_y, {}, {}, layers.all.size()};
    if (context->needs_input_grad(0)) pass.by_x = at::empty_like(saved[0]);
    variable_list result = {pass.by_x};
    std::size_t edge = 1;
    for (std::size_t index = 0; index < layers.all.size(); ++index) {
      pass.by_layers.push_back(wanted(context, layers.all[index], edge, result));
    }
    pass.first = first_wanted(pass);
    for_seeds(layers, [&](std::int64_t seed) { pass.seed(seed); });
    result.emplace_back();
    return result;
  }

 private:
  // The layers with the variables that autograd saved, in the order of `parameters`.
  static std::vector<Layer> with(const Layers& layers, const variable_list& saved) {
    std::vector<Layer> all = layers.all;
    std::size_t next = 1;
    for (Layer& layer : all) {
      each_parameter(layer, [&](at::Tensor& parameter) {
        if (parameter.defined()) parameter = saved[next++];
      });
    }
    return all;
  }

  // Room for the gradients of a layer's parameters that are wanted; all of them go to `result`.
  static ParameterGradients wanted(AutogradContext* context, const Layer& layer, std::size_t& edge,
                                   variable_list& result) {
    ParameterGradients gradients;
    const auto make = [&](const at::Tensor& parameter, at::Tensor& gradient, bool always) {
      if (!parameter.defined()) return;
      const bool wants = context->needs_input_grad(edge++);
      if (wants || always) gradient = at::empty_like(parameter);
      result.push_back(wants ? gradient : at::Tensor());
    };
    make(layer.weight, gradients.weight, false);
    make(layer.bias, gradients.bias, false);
    // Batch normalisation's gradient by x needs those by its parameters.
    make(layer.scale, gradients.scale, true);
    make(layer.shift, gradients.shift, true);
    return gradients;
  }

  static std::size_t first_wanted(const Backward& pass) {
    if (pass.by_x.defined()) return 0;
    const auto& all = pass.by_layers;
    const auto found = std::find_if(all.begin(), all.end(), [](const ParameterGradients& one) {
      return one.weight.defined() || one.bias.defined() || one.scale.defined();
    });
    return static_cast<std::size_t>(found - all.begin());
  }
};

Layer stacked(const PerceptronLayer& layer) {
  const auto stack = [](const at::Tensor& tensor) {
    return tensor.defined() ? stack_over_seeds(tensor).contiguous() : tensor;
  };
  Layer result;
  result.weight = stack(layer.weight);
  result.bias = stack(layer.bias);
  result.slope = layer.slope;
  if (layer.norm) {
    const auto& [terms, momentum, epsilon] = *layer.norm;
    result.scale = stack(terms.scale);
    result.shift = stack(terms.bias);
    // Written in place: the stacks themselves.
    result.running_mean = stack_over_seeds(terms.running_mean);
    result.running_variance = stack_over_seeds(terms.running_variance);
    result.momentum = momentum;
    result.epsilon = epsilon;
  }
  return result;
}

bool is_plain(const at::Tensor& stack) {
  return stack.device().is_cpu() && stack.scalar_type() == at::kFloat && stack.numel() > 0;
}

}  // namespace

bool perceptron_suits(const at::Tensor& x, const std::vector<PerceptronLayer>& layers) {
  const auto suits = [&](const PerceptronLayer& layer) {
    const auto weight = stack_over_seeds(layer.weight);
    const bool norm_suits =
        !layer.norm ||
        (x.size(0) > 1 && stack_over_seeds(layer.norm->terms.running_mean).is_contiguous() &&
         stack_over_seeds(layer.norm->terms.running_variance).is_contiguous());
    return is_plain(weight) && norm_suits;
  };
  return vector_unit() != VectorUnit::kNone && x.dim() == 2 &&
         x.size(1) == layers.front().weight.size(1) && is_plain(stack_over_seeds(x)) &&
         std::all_of(layers.begin(), layers.end(), suits);
}

at::Tensor perceptron_over_seeds(const at::Tensor& x, const std::vector<PerceptronLayer>& layers) {
  const auto xs = stack_over_seeds(x).contiguous();
  auto all = c10::make_intrusive<Layers>();
  all->seeds = xs.size(0);
  all->rows = xs.size(1);
  std::vector<at::Tensor> parameters;
  for (const auto& layer : layers) {
    all->all.push_back(stacked(layer));
    each_parameter(all->all.back(), [&](const at::Tensor& parameter) {
      if (parameter.defined()) parameters.push_back(parameter);
    });
  }
  const OutsideSeedBatch stacks;
  return batch_over_seeds(Perceptron::apply(xs, at::TensorList(parameters), all));
}

}  // namespace assay
