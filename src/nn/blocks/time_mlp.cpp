// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/time_mlp.h"

#include <ATen/ATen.h>
#include <c10/util/accumulate.h>
#include <fmt/format.h>

namespace assay {
namespace {

constexpr double kLowestFrequency = 1.0, kHighestFrequency = 100.0;

}  // namespace

TimeMlpImpl::TimeMlpImpl(const TimeMlpOptions& options) : options_(options) {
  TORCH_CHECK(!options.widths.empty() && options.activation != nullptr,
              "the perceptron needs a hidden layer and its activation");
  const auto count = options.time_frequencies;
  if (count > 0 && options.fourier_scale > 0.0) {
    fourier_ = register_module("fourier", FourierFeatures(count, options.fourier_scale));
  } else if (count > 0) {
    frequencies_ = log_spaced_frequencies(count, kLowestFrequency, kHighestFrequency);
  }
  const auto values = c10::multiply_integers(options.example_shape);
  std::int64_t width = values + (count > 0 ? 2 * count : 1);
  auto widths = options.widths;
  widths.push_back(options.outputs > 0 ? options.outputs : values);
  for (const auto next : widths) {
    layers_.push_back(register_module(fmt::format("layer{}", layers_.size()), Linear(width, next)));
    width = next;
  }
  if (options.classes > 0) {
    label_ = register_module("label", torch::nn::Embedding(options.classes + 1, widths[0]));
  }
}

torch::Tensor TimeMlpImpl::predict(const torch::Tensor& x_t, const torch::Tensor& t,
                                   const Condition& condition, std::optional<Noise>) {
  return forward(x_t, t, condition.labels).view(x_t.sizes());
}

torch::Tensor TimeMlpImpl::forward(const torch::Tensor& x_t, const torch::Tensor& t,
                                   const torch::Tensor& labels) {
  if (frequencies_.defined() && frequencies_.device() != t.device()) {
    frequencies_ = frequencies_.to(t.device());
  }
  const auto time = !fourier_.is_empty()     ? fourier_->forward(t)
                    : frequencies_.defined() ? sinusoidal_embedding(t, frequencies_)
                                             : t.unsqueeze(1);
  auto h = layers_[0](at::cat({x_t.flatten(1), time.to(x_t.scalar_type())}, 1));
  if (options_.classes > 0) {
    const auto none = at::full({x_t.size(0)}, options_.classes, t.options().dtype(at::kLong));
    h = h + label_(labels.defined() ? labels : none);
  }
  for (std::size_t i = 1; i < layers_.size(); ++i) h = layers_[i](options_.activation(h));
  return h;
}

}  // namespace assay
