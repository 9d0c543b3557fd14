// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/dit.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/init.h>

#include <cmath>

#include "nn/blocks/spatial_transformer.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

constexpr double kEpsilon = 1e-6;
constexpr double kLongestWave = 10000.0;  // over 2π, in places
constexpr double kEmbeddingSd = 0.02;

// LN(x) (1 + scale) + shift; x: [N,T,D], the others [N,1,D].
Tensor modulated(const Tensor& x, const Tensor& shift, const Tensor& scale) {
  return at::layer_norm(x, {x.size(-1)}, {}, {}, kEpsilon) * (1.0 + scale) + shift;
}

// [places] -> [places,width]: sines, then cosines.
Tensor axis_positions(const Tensor& places, int64_t width) {
  const auto half = width / 2;
  const auto share = at::arange(half, at::kDouble) / static_cast<double>(half);
  const auto angles = places.unsqueeze(1) * at::exp(-std::log(kLongestWave) * share);
  return at::cat({angles.sin(), angles.cos()}, 1);
}

int64_t hidden_width(const DiTOptions& options) {
  return static_cast<int64_t>(static_cast<double>(options.width) * options.mlp_ratio);
}

}  // namespace

std::string dit_misfit(const DiTOptions& o) {
  if (o.example_shape.size() != 3) {
    return fmt::format("a DiT needs images or latents of [C,H,W], not of {} numbers",
                       o.example_shape.size());
  }
  const auto height = o.example_shape[1], width = o.example_shape[2];
  if (height % o.patch_size != 0 || width % o.patch_size != 0) {
    return fmt::format("patches of {} x {} do not divide examples of {} x {}", o.patch_size,
                       o.patch_size, height, width);
  }
  if (o.width % 4 != 0) {
    return fmt::format(
        "a width of {} cannot tell rows and columns by sines and cosines; it must "
        "be a multiple of 4",
        o.width);
  }
  if (o.width % o.heads != 0) {
    return fmt::format("{} heads do not divide a width of {}", o.heads, o.width);
  }
  if (hidden_width(o) < 1) return fmt::format("mlp_ratio {} leaves no hidden layer", o.mlp_ratio);
  if (o.time_embedding < 4 || o.time_embedding % 2 != 0) {
    return fmt::format("the time embedding is {} wide, it must be even and at least 4",
                       o.time_embedding);
  }
  if (o.lowest_time_frequency > o.highest_time_frequency) {
    return fmt::format("the lowest frequency of the time, {}, exceeds the highest, {}",
                       o.lowest_time_frequency, o.highest_time_frequency);
  }
  return {};
}

Tensor grid_positions(int64_t rows, int64_t columns, int64_t width) {
  TORCH_CHECK(width > 0 && width % 4 == 0, "positions of width ", width, ", no multiple of 4");
  const auto row = at::arange(rows, at::kDouble).repeat_interleave(columns);
  const auto column = at::arange(columns, at::kDouble).repeat({rows});
  return at::cat({axis_positions(column, width / 2), axis_positions(row, width / 2)}, 1)
      .to(at::kFloat);
}

DiTBlockImpl::DiTBlockImpl(const DiTOptions& options)
    : heads_(options.heads),
      modulation_(options.width, 6 * options.width),
      qkv_(options.width, 3 * options.width),
      out_(options.width, options.width),
      wide_(options.width, hidden_width(options)),
      narrow_(hidden_width(options), options.width) {
  register_module("modulation", modulation_);
  register_module("qkv", qkv_);
  register_module("out", out_);
  register_module("wide", wide_);
  register_module("narrow", narrow_);
}

Tensor DiTBlockImpl::forward(const Tensor& tokens, const Tensor& embedding) {
  const auto parts = modulation_(embedding).unsqueeze(1).chunk(6, 2);
  const auto qkv = qkv_(modulated(tokens, parts[0], parts[1])).chunk(3, 2);
  const auto x = tokens + parts[2] * out_(attended(qkv[0], qkv[1], qkv[2], heads_));
  const auto hidden = at::gelu(wide_(modulated(x, parts[3], parts[4])), "tanh");
  return x + parts[5] * narrow_(hidden);
}

DiTImpl::DiTImpl(const DiTOptions& options) : options_(options) {
  const auto misfit = dit_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  const auto& shape = options.example_shape;
  const int64_t p = options.patch_size, width = options.width;
  const int64_t values = shape[0] * p * p;
  frequencies_ = log_spaced_frequencies(options.time_embedding / 2, options.lowest_time_frequency,
                                        options.highest_time_frequency);
  positions_ = grid_positions(shape[1] / p, shape[2] / p, width);
  if (options.fourier_scale > 0.0) {
    fourier_ = register_module("fourier",
                               FourierFeatures(options.time_embedding / 2, options.fourier_scale));
  }
  patch_ = register_module("patch", Linear(values, width));
  time1_ = register_module("time1", Linear(options.time_embedding, width));
  time2_ = register_module("time2", Linear(width, width));
  if (options.classes > 0) {
    label_ = register_module("label", torch::nn::Embedding(options.classes + 1, width));
  }
  for (int64_t i = 0; i < options.depth; ++i) {
    blocks_.push_back(register_module(fmt::format("block{}", i), DiTBlock(options)));
  }
  output_modulation_ = register_module("output_modulation", Linear(width, 2 * width));
  output_ = register_module("output", Linear(width, options.outputs * values));
  initialise();
}

void DiTImpl::initialise() {
  const torch::NoGradGuard no_grad;
  for (const auto& item : named_modules("", /*include_self=*/false)) {
    const auto& name = item.key();
    auto* linear = item.value()->as<torch::nn::LinearImpl>();
    if (linear == nullptr) continue;
    linear->bias.zero_();
    if (name.ends_with("modulation") || name == "output") {
      linear->weight.zero_();
    } else if (name.starts_with("time")) {
      torch::nn::init::normal_(linear->weight, 0.0, kEmbeddingSd);
    } else {
      torch::nn::init::xavier_uniform_(linear->weight);
    }
  }
  if (!label_.is_empty()) torch::nn::init::normal_(label_->weight, 0.0, kEmbeddingSd);
}

Tensor DiTImpl::embed(const Tensor& t, const Tensor& labels) {
  if (frequencies_.device() != t.device()) {
    frequencies_ = frequencies_.to(t.device());
    positions_ = positions_.to(t.device());
  }
  const auto features =
      fourier_.is_empty() ? sinusoidal_embedding(t, frequencies_) : fourier_->forward(t);
  auto embedding = time2_(torch::silu(time1_(features)));
  if (options_.classes > 0) {
    const auto none = at::full({t.size(0)}, options_.classes, t.options().dtype(at::kLong));
    embedding = embedding + label_(labels.defined() ? labels : none);
  }
  return torch::silu(embedding);
}

// [N,C,H,W] -> [N,T,C·p·p], as a convolution's filters see a patch.
Tensor DiTImpl::patches(const Tensor& x) const {
  const auto n = x.size(0), c = x.size(1), p = options_.patch_size;
  const auto rows = x.size(2) / p, columns = x.size(3) / p;
  return x.reshape({n, c, rows, p, columns, p})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({n, rows * columns, c * p * p});
}

// [N,T,p·p·C] -> [N,C,H,W].
Tensor DiTImpl::unpatched(const Tensor& tokens) const {
  const auto& shape = options_.example_shape;
  const auto n = tokens.size(0), c = options_.outputs * shape[0], p = options_.patch_size;
  return tokens.reshape({n, shape[1] / p, shape[2] / p, p, p, c})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({n, c, shape[1], shape[2]});
}

Tensor DiTImpl::predict(const Tensor& x_t, const Tensor& t, const Condition& condition,
                        std::optional<Noise>) {
  const auto embedding = embed(t, condition.labels);
  auto h = patch_(patches(x_t)) + positions_;
  for (auto& block : blocks_) h = block(h, embedding);
  const auto parts = output_modulation_(embedding).unsqueeze(1).chunk(2, 2);
  return unpatched(output_(modulated(h, parts[0], parts[1])));
}

}  // namespace assay
