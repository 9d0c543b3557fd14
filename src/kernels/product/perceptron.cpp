// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/perceptron.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>

#include "kernels/product/perceptron_layers.h"
#include "kernels/runtime/differentiable_gradients.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/seed_batch.h"
#include "kernels/runtime/vector_unit.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The same by LibTorch, with a graph of its own; running statistics stay as they are.
at::Tensor plain(const at::Tensor& x, const std::vector<StackedLayer>& layers) {
  at::Tensor y = x;
  for (const StackedLayer& layer : layers) {
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

template <class Layer, class Visit>
void each_parameter(Layer& layer, const Visit& visit) {
  for (auto* parameter : {&layer.weight, &layer.bias, &layer.scale, &layer.shift}) {
    if (parameter->defined()) visit(*parameter);
  }
}

struct Perceptron : torch::autograd::Function<Perceptron> {
  // `parameters`: those of `layers` that exist, layer by layer, which autograd is to know.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            at::TensorList parameters, c10::intrusive_ptr<StackedLayers> layers) {
    variable_list inputs = {x};
    inputs.insert(inputs.end(), parameters.begin(), parameters.end());
    context->save_for_backward(inputs);
    forward_through(*layers, x);
    StackedLayer& last = layers->all.back();
    const at::Tensor y = last.y;
    // A node must not own its own result; where the last activation reads it, a copy is kept.
    last.y = last.slope ? y.clone() : at::Tensor();
    context->saved_data["layers"] = c10::IValue::make_capsule(layers);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto capsule = context->saved_data["layers"].toCapsule();
    const auto& layers = static_cast<const StackedLayers&>(*capsule);
    if (at::GradMode::is_enabled()) {
      const auto of = [&](const variable_list& t) { return plain(t[0], with(layers, t)); };
      return differentiable_gradients(of, saved, gradients[0], saved.size() + 1);
    }
    const auto by_y = gradients[0].contiguous();
    PerceptronGradients found{.x = saved[0], .by_y = by_y, .by_x = {}, .by_layers = {}};
    if (context->needs_input_grad(0)) found.by_x = at::empty_like(saved[0]);
    variable_list result = {found.by_x};
    for (const StackedLayer& layer : layers.all) {
      found.by_layers.push_back(wanted(context, layer, result));
    }
    backward_through(layers, found);
    result.emplace_back();  // of `layers`
    return result;
  }

 private:
  // The layers with the variables of autograd: x and then their parameters.
  static std::vector<StackedLayer> with(const StackedLayers& layers, const variable_list& saved) {
    std::vector<StackedLayer> all = layers.all;
    std::size_t next = 1;
    for (StackedLayer& layer : all) {
      each_parameter(layer, [&](at::Tensor& parameter) { parameter = saved[next++]; });
    }
    return all;
  }

  // Room for the gradients of a layer's parameters that are wanted; all of them go to `result`.
  static LayerGradients wanted(AutogradContext* context, const StackedLayer& layer,
                               variable_list& result) {
    LayerGradients gradients;
    const auto make = [&](const at::Tensor& parameter, at::Tensor& gradient, bool always) {
      if (!parameter.defined()) return;
      const bool wants = context->needs_input_grad(result.size());
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
};

StackedLayer stacked(const PerceptronLayer& layer) {
  const auto stack = [](const at::Tensor& tensor) {
    return tensor.defined() ? stack_over_seeds(tensor).contiguous() : tensor;
  };
  StackedLayer result;
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

bool suits(const at::Tensor& tensor, at::IntArrayRef sizes) {
  return tensor.defined() && tensor.sizes() == sizes && is_f32_on_cpu(stack_over_seeds(tensor));
}

bool norm_suits(const BatchNormTerms& terms, std::int64_t channels) {
  const auto writable = [&](const at::Tensor& statistic) {
    return suits(statistic, {channels}) && stack_over_seeds(statistic).is_contiguous();
  };
  return suits(terms.scale, {channels}) && suits(terms.bias, {channels}) &&
         writable(terms.running_mean) && writable(terms.running_variance);
}

}  // namespace

bool perceptron_suits(const at::Tensor& x, const std::vector<PerceptronLayer>& layers) {
  if (vector_unit() == VectorUnit::kNone || at::get_num_threads() > seeds_in_batch()) return false;
  if (x.dim() != 2 || x.numel() == 0) return false;
  std::int64_t inputs = x.size(1);
  const auto layer_suits = [&](const PerceptronLayer& layer) {
    if (!layer.weight.defined() || layer.weight.dim() != 2) return false;
    const std::int64_t outputs = layer.weight.size(0);
    if (outputs == 0 || !suits(layer.weight, {outputs, inputs})) return false;
    inputs = outputs;
    return (!layer.bias.defined() || suits(layer.bias, {outputs})) &&
           (!layer.norm || (x.size(0) > 1 && norm_suits(layer.norm->terms, outputs)));
  };
  return !layers.empty() && is_f32_on_cpu(stack_over_seeds(x)) &&
         std::all_of(layers.begin(), layers.end(), layer_suits);
}

at::Tensor perceptron_over_seeds(const at::Tensor& x, const std::vector<PerceptronLayer>& layers) {
  TORCH_CHECK(perceptron_suits(x, layers), "these layers are not a perceptron for x ", x.sizes());
  const auto xs = stack_over_seeds(x).contiguous();
  auto all = c10::make_intrusive<StackedLayers>();
  all->seeds = xs.size(0);
  all->rows = xs.size(1);
  std::vector<at::Tensor> parameters;
  for (const auto& layer : layers) {
    all->all.push_back(stacked(layer));
    each_parameter(all->all.back(),
                   [&](const at::Tensor& parameter) { parameters.push_back(parameter); });
  }
  const OutsideSeedBatch stacks;
  return batch_over_seeds(Perceptron::apply(xs, at::TensorList(parameters), all));
}

}  // namespace assay
