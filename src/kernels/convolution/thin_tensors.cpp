// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/thin_tensors.h"

#include "kernels/convolution/channels_last.h"
#include "kernels/convolution/thin_convolution.h"
#include "kernels/runtime/parallel.h"

namespace assay {
namespace {

bool is_few(std::int64_t channels) { return channels >= 1 && channels <= kMostFewChannels; }
bool is_many(std::int64_t channels) { return channels > 0 && channels % kManyChannels == 0; }

// x is the image of few channels, and y of many, or the other way round (3×3 only).
bool has_few_outputs(const at::Tensor& w) { return !is_few(w.size(1)); }

at::Tensor padded(const at::Tensor& few) {
  return at::constant_pad_nd(few.permute({0, 2, 3, 1}), {0, 0, 1, 1, 1, 1}).contiguous();
}

// [O,I,r,r] to [r,r,few,many]. Where outputs are few, y_p = Σ_u w_u x_{p+u−1} is, seen from x,
// x_q ~ Σ_u w_{2−u} y_{q+u−1}: the taps the other way round.
at::Tensor packed(const at::Tensor& w) {
  const auto turned =
      has_few_outputs(w) ? w.flip({2, 3}).permute({2, 3, 0, 1}) : w.permute({2, 3, 1, 0});
  return turned.contiguous();
}

at::Tensor unpacked(const at::Tensor& filter, bool few_outputs) {
  const auto turned =
      few_outputs ? filter.flip({0, 1}).permute({2, 3, 0, 1}) : filter.permute({3, 2, 0, 1});
  return turned.contiguous();
}

ThinShape thin_shape(FilterShape shape, at::IntArrayRef m_sizes, std::int64_t few) {
  return {.images = m_sizes[0],
          .rows = m_sizes[2],
          .columns = m_sizes[3],
          .few = few,
          .many = m_sizes[1],
          .stride = stride_of(shape)};
}

// T's arguments: f [N,few,s·H,s·W], w [r,r,few,many], m [N,many,H,W]. Pointers are taken before the
// loops: a tensor of another type throws, which work on threads must not.

at::Tensor expand(FilterShape shape, const at::Tensor& f, const at::Tensor& w,
                  const at::Tensor& bias) {
  const std::int64_t stride = stride_of(shape);
  const auto from = padded(f), shift = bias.defined() ? bias.contiguous() : bias;
  auto m = empty_channels_last({f.size(0), w.size(3), f.size(2) / stride, f.size(3) / stride}, f);
  const auto s = thin_shape(shape, m.sizes(), f.size(1));
  const ThinArguments arguments = {.f = from.data_ptr<float>(),
                                   .w = w.data_ptr<float>(),
                                   .m = m.data_ptr<float>(),
                                   .bias = bias.defined() ? shift.data_ptr<float>() : nullptr};
  const auto* kernels = thin_kernels(vector_unit());
  parallel_for(s.images, [&](std::int64_t image) { kernels->expand(s, arguments, image); });
  return m;
}

at::Tensor contract(FilterShape shape, const at::Tensor& m, const at::Tensor& w) {
  const auto s = thin_shape(shape, m.sizes(), w.size(2));
  const auto from = channels_last(m);
  auto f = empty_channels_last({s.images, s.few, s.stride * s.rows, s.stride * s.columns}, m);
  const ThinArguments arguments = {
      .f = f.data_ptr<float>(), .w = w.data_ptr<float>(), .m = from.data_ptr<float>()};
  const auto* kernels = thin_kernels(vector_unit());
  parallel_for(s.images, [&](std::int64_t image) { kernels->contract(s, arguments, image); });
  return f;
}

at::Tensor filter_gradient(FilterShape shape, const at::Tensor& f, const at::Tensor& m) {
  const auto s = thin_shape(shape, m.sizes(), f.size(1));
  const auto from = padded(f), pixels = channels_last(m);
  auto w = at::empty({s.taps(), s.taps(), s.few, s.many}, f.options());
  const ThinArguments arguments = {
      .f = from.data_ptr<float>(), .w = w.data_ptr<float>(), .m = pixels.data_ptr<float>()};
  const auto* kernels = thin_kernels(vector_unit());
  parallel_for(s.many / kManyChannels, [&](std::int64_t part) {
    kernels->filter_gradient(s, arguments, part * kManyChannels);
  });
  return w;
}

}  // namespace

bool thin_suits(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels) {
  if (shape == FilterShape::k1x1 || thin_kernels(vector_unit()) == nullptr) return false;
  const std::int64_t stride = stride_of(shape), in_channels = x_sizes[1];
  const bool few_inputs = is_few(in_channels) && is_many(out_channels);
  const bool few_outputs =
      shape == FilterShape::k3x3 && is_many(in_channels) && is_few(out_channels);
  const bool some = x_sizes[0] > 0 && x_sizes[2] > 0 && x_sizes[3] > 0;
  return (few_inputs || few_outputs) && some && x_sizes[2] % stride == 0 &&
         x_sizes[3] % stride == 0;
}

at::Tensor thin_forward(FilterShape shape, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias) {
  if (!has_few_outputs(w)) return expand(shape, x, packed(w), bias);
  const auto y = contract(shape, x, packed(w));
  return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
}

at::Tensor thin_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w) {
  return has_few_outputs(w) ? expand(shape, y, packed(w), {}) : contract(shape, y, packed(w));
}

at::Tensor thin_filter_gradient(FilterShape shape, const at::Tensor& x, const at::Tensor& y) {
  const bool few_outputs = !is_few(x.size(1));
  return unpacked(few_outputs ? filter_gradient(shape, y, x) : filter_gradient(shape, x, y),
                  few_outputs);
}

}  // namespace assay
