// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bias_activation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numbers>
#include <vector>

#include "kernels/pointwise/bias_activation_kernels.h"
#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"
#ifdef ASSAY_CUDA
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "kernels/pointwise/bias_activation_cuda.h"
#endif

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kSlope = 0.2;

// [1,C,1,…], as x's dimensions run.
at::Tensor along_channels(const at::Tensor& bias, const at::Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = bias.size(0);
  return bias.reshape(shape);
}

at::Tensor composed(const at::Tensor& x, const at::Tensor& bias, Activation activation,
                    double gain) {
  auto y = bias.defined() ? x + along_channels(bias, x) : x;
  if (activation == Activation::kLeakyRelu) y = at::leaky_relu(y, kSlope);
  return gain == 1.0 ? y : y * gain;
}

// Memory cut into pieces of fixed size, whatever the number of threads: of some pixels with all
// their channels, or of one channel of one image.
struct Pieces {
  std::int64_t count = 0, rows = 0, channels = 1, all_rows = 0, biases = 0;

  explicit Pieces(const at::Tensor& x) : biases(x.size(1)) {
    constexpr std::int64_t kNumbers = 16384;
    const bool planes = x.numel() > x.size(0) * x.size(1) && x.is_contiguous();
    channels = planes ? 1 : x.size(1);
    all_rows = x.numel() / channels;
    rows = planes ? x.numel() / (x.size(0) * x.size(1))
                  : std::max<std::int64_t>(1, kNumbers / channels);
    count = (all_rows + rows - 1) / rows;
  }
  std::int64_t first(std::int64_t piece) const { return piece * rows * channels; }
  std::int64_t rows_of(std::int64_t piece) const { return std::min(rows, all_rows - piece * rows); }
  template <class T>
  T* bias_of(std::int64_t piece, T* bias) const {
    return bias == nullptr || channels > 1 ? bias : bias + piece % biases;
  }
};

// In the order that Pieces know: pixel by pixel where x is, else plane by plane.
at::MemoryFormat order_of(const at::Tensor& x) {
  return x.dim() == 4 && !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast)
             ? at::MemoryFormat::ChannelsLast
             : at::MemoryFormat::Contiguous;
}

template <class T>
const T* numbers_of(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<T>() : nullptr;
}

// The three without a graph; x, y and `in` lie in one order.

struct Scale {
  double gain = 1.0, slope = 1.0;
};

#ifdef ASSAY_CUDA
// The sign is y's, or that of in + bias where y is undefined.
template <class T>
at::Tensor on_cuda(const at::Tensor& y, const at::Tensor& in, const at::Tensor& bias, Scale scale) {
  const c10::cuda::CUDAGuard device(in.device());
  const auto stream = c10::cuda::getCurrentCUDAStream().stream();
  auto out = at::empty_like(in);
  const bool pixels = order_of(in) == at::MemoryFormat::ChannelsLast;
  const BiasActivationOnCuda<T> of = {.count = in.numel(),
                                      .run = pixels ? 1 : in.numel() / (in.size(0) * in.size(1)),
                                      .channels = in.size(1),
                                      .gain = static_cast<T>(scale.gain),
                                      .slope = static_cast<T>(scale.slope),
                                      .bias = numbers_of<T>(bias)};
  const T* from = in.const_data_ptr<T>();
  C10_CUDA_CHECK(y.defined()
                     ? bias_activation_masked(of, numbers_of<T>(y), from, out.data_ptr<T>(), stream)
                     : bias_activation_forward(of, from, out.data_ptr<T>(), stream));
  return out;
}

template <class T>
variable_list backward_on_cuda(const at::Tensor& y, const at::Tensor& in, Scale scale) {
  const auto out = on_cuda<T>(y, in, {}, scale);
  return {out, out.transpose(0, 1).flatten(1).sum(1)};
}
#endif

template <class T>
at::Tensor forward_of(const at::Tensor& x, const at::Tensor& bias, Scale scale) {
#ifdef ASSAY_CUDA
  if (x.is_cuda()) return on_cuda<T>({}, x, bias, scale);
#endif
  auto y = at::empty_like(x);
  const Pieces pieces(x);
  const auto* kernels = bias_activation_kernels<T>(vector_unit());
  const T *from = numbers_of<T>(x), *shift = numbers_of<T>(bias);
  T* to = y.data_ptr<T>();
  parallel_for(pieces.count, [&](std::int64_t i) {
    const std::int64_t first = pieces.first(i);
    kernels->forward(pieces.rows_of(i), pieces.channels, static_cast<T>(scale.gain),
                     static_cast<T>(scale.slope), from + first, pieces.bias_of(i, shift),
                     to + first);
  });
  return y;
}

template <class T>
at::Tensor masked_of(const at::Tensor& y, const at::Tensor& in, const at::Tensor& bias,
                     Scale scale) {
#ifdef ASSAY_CUDA
  if (in.is_cuda()) return on_cuda<T>(y, in, bias, scale);
#endif
  auto out = at::empty_like(in);
  const Pieces pieces(in);
  const auto* kernels = bias_activation_kernels<T>(vector_unit());
  const T *signs = numbers_of<T>(y), *from = numbers_of<T>(in), *shift = numbers_of<T>(bias);
  T* to = out.data_ptr<T>();
  parallel_for(pieces.count, [&](std::int64_t i) {
    const std::int64_t first = pieces.first(i);
    kernels->masked(pieces.rows_of(i), pieces.channels, static_cast<T>(scale.gain),
                    static_cast<T>(scale.slope), signs + first, from + first,
                    pieces.bias_of(i, shift), to + first);
  });
  return out;
}

template <class T>
variable_list backward_of(const at::Tensor& y, const at::Tensor& in, Scale scale) {
#ifdef ASSAY_CUDA
  if (in.is_cuda()) return backward_on_cuda<T>(y, in, scale);
#endif
  auto out = at::empty_like(in);
  const Pieces pieces(in);
  auto sums = at::empty({pieces.count, pieces.channels}, in.options());
  const auto* kernels = bias_activation_kernels<T>(vector_unit());
  const T *signs = numbers_of<T>(y), *from = numbers_of<T>(in);
  T *to = out.data_ptr<T>(), *sum = sums.data_ptr<T>();
  parallel_for(pieces.count, [&](std::int64_t i) {
    const std::int64_t first = pieces.first(i);
    kernels->backward(pieces.rows_of(i), pieces.channels, static_cast<T>(scale.gain),
                      static_cast<T>(scale.slope), signs + first, from + first, to + first,
                      sum + i * pieces.channels);
  });
  return {out, sums.view({-1, in.size(1)}).sum(0)};
}

bool is_double(const at::Tensor& t) { return t.scalar_type() == at::kDouble; }

// The operators with a graph. y, whose sign is that of x + bias, is all that the derivatives need;
// masked and backward are linear and each other's adjoints.

void save(AutogradContext* context, const at::Tensor& y, Scale scale) {
  context->save_for_backward({y});
  context->saved_data["gain"] = scale.gain;
  context->saved_data["slope"] = scale.slope;
  context->set_materialize_grads(false);
}

Scale saved_scale(AutogradContext* context) {
  return {context->saved_data["gain"].toDouble(), context->saved_data["slope"].toDouble()};
}

struct Backward : torch::autograd::Function<Backward> {
  static variable_list forward(AutogradContext* context, const at::Tensor& in, const at::Tensor& y,
                               Scale scale) {
    save(context, y, scale);
    const auto ordered = in.contiguous(order_of(y));
    return is_double(y) ? backward_of<double>(y, ordered, scale)
                        : backward_of<float>(y, ordered, scale);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients);
};

// By the number and by the bias, if there is one.
variable_list linear_gradients(AutogradContext* context, const at::Tensor& gradient) {
  if (!gradient.defined()) return {};
  const auto y = context->get_saved_variables()[0];
  auto found = Backward::apply(gradient, y, saved_scale(context));
  if (!context->saved_data["bias"].toBool()) found.resize(1);
  return found;
}

struct Masked : torch::autograd::Function<Masked> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& in,
                            const std::optional<at::Tensor>& bias, const at::Tensor& y,
                            Scale scale) {
    save(context, y, scale);
    context->saved_data["bias"] = bias.has_value();
    const auto ordered = in.contiguous(order_of(y));
    const auto shift = bias.has_value() ? bias->contiguous() : at::Tensor();
    return is_double(y) ? masked_of<double>(y, ordered, shift, scale)
                        : masked_of<float>(y, ordered, shift, scale);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto result = linear_gradients(context, gradients[0]);
    result.resize(4);
    return result;
  }
};

variable_list Backward::backward(AutogradContext* context, variable_list gradients) {
  const auto& [of_x, of_bias] = std::tie(gradients[0], gradients[1]);
  if (!of_x.defined() && !of_bias.defined()) return variable_list(3);
  const auto y = context->get_saved_variables()[0];
  const auto in = of_x.defined() ? of_x : at::zeros_like(y);
  const auto bias = of_bias.defined() ? std::optional(of_bias) : std::nullopt;
  return {Masked::apply(in, bias, y, saved_scale(context)), at::Tensor(), at::Tensor()};
}

struct Forward : torch::autograd::Function<Forward> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& bias, Scale scale) {
    const auto ordered = x.contiguous(order_of(x));
    const auto shift = bias.has_value() ? bias->contiguous() : at::Tensor();
    const auto y = is_double(x) ? forward_of<double>(ordered, shift, scale)
                                : forward_of<float>(ordered, shift, scale);
    save(context, y, scale);
    context->saved_data["bias"] = bias.has_value();
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    auto result = linear_gradients(context, gradients[0]);
    result.resize(3);
    return result;
  }
};

bool has_loops(const at::Tensor& x) {
#ifdef ASSAY_CUDA
  if (x.is_cuda()) return true;
#endif
  return x.device().is_cpu() && bias_activation_kernels<float>(vector_unit()) != nullptr;
}

// A gain that is not positive hides the sign.
bool fuses(const at::Tensor& x, const at::Tensor& bias, double gain) {
  const bool known = x.scalar_type() == at::kFloat || is_double(x);
  const bool batched = is_batched_over_seeds(x) || (bias.defined() && is_batched_over_seeds(bias));
  const bool alike = !bias.defined() || bias.scalar_type() == x.scalar_type();
  return known && alike && !batched && x.numel() > 0 && gain > 0.0 && has_loops(x);
}

}  // namespace

template <class T>
const BiasActivationKernels<T>* bias_activation_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return bias_activation_avx512<T>();
  return unit == VectorUnit::kAvx2 ? bias_activation_avx2<T>() : nullptr;
}
template const BiasActivationKernels<float>* bias_activation_kernels(VectorUnit unit);
template const BiasActivationKernels<double>* bias_activation_kernels(VectorUnit unit);

double default_gain(Activation activation) {
  return activation == Activation::kLeakyRelu ? std::numbers::sqrt2 : 1.0;
}

at::Tensor bias_activation(const at::Tensor& x, const at::Tensor& bias, Activation activation,
                           double gain) {
  TORCH_CHECK(x.dim() >= 2, "bias_activation: x is [N,C,…], not ", x.sizes());
  TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == x.size(1)),
              "bias_activation: the bias is [", x.size(1), "], not ", bias.sizes());
  if (!fuses(x, bias, gain)) return composed(x, bias, activation, gain);
  const Scale scale = {gain, activation == Activation::kLeakyRelu ? kSlope : 1.0};
  return Forward::apply(x, bias.defined() ? std::optional(bias) : std::nullopt, scale);
}

at::Tensor bias_activation(const at::Tensor& x, const at::Tensor& bias, Activation activation) {
  return bias_activation(x, bias, activation, default_gain(activation));
}

}  // namespace assay
