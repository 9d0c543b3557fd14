// SPDX-License-Identifier: Apache-2.0
#include "kernels/thin_tensors.h"

#include "kernels/channels_last.h"
#include "kernels/parallel.h"
#include "kernels/thin_convolution.h"

namespace assay {
namespace {

const ThinKernels& kernels() {
  const auto* kernels = thin_kernels(vector_unit());
  TORCH_CHECK(kernels != nullptr, "this processor has neither AVX2 nor AVX-512");
  return *kernels;
}

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

ThinShape shape_of(FilterShape filter, at::IntArrayRef many_sizes, std::int64_t few) {
  const std::int64_t stride = stride_of(filter);
  return {.images = many_sizes[0],
          .rows = many_sizes[2],
          .columns = many_sizes[3],
          .few = few,
          .many = many_sizes[1],
          .taps = stride + 2,
          .stride = stride};
}

// `filter` [r,r,few,many].
at::Tensor expand(FilterShape shape, const at::Tensor& few, const at::Tensor& filter,
                  const at::Tensor& bias) {
  const std::int64_t stride = stride_of(shape);
  const auto from = padded(few), shift = bias.defined() ? bias.contiguous() : bias;
  auto many = empty_channels_last(
      {few.size(0), filter.size(3), few.size(2) / stride, few.size(3) / stride}, few);
  const auto s = shape_of(shape, many.sizes(), few.size(1));
  parallel_for(s.images, [&](std::int64_t image) {
    kernels().expand(s, image, from.data_ptr<float>(), filter.data_ptr<float>(),
                     bias.defined() ? shift.data_ptr<float>() : nullptr, many.data_ptr<float>());
  });
  return many;
}

at::Tensor contract(FilterShape shape, const at::Tensor& many, const at::Tensor& filter) {
  const auto s = shape_of(shape, many.sizes(), filter.size(2));
  const auto from = channels_last(many);
  auto few = empty_channels_last({s.images, s.few, s.stride * s.rows, s.stride * s.columns}, many);
  parallel_for(s.images, [&](std::int64_t image) {
    kernels().contract(s, image, from.data_ptr<float>(), filter.data_ptr<float>(),
                       few.data_ptr<float>());
  });
  return few;
}

at::Tensor filter_of(FilterShape shape, const at::Tensor& few, const at::Tensor& many) {
  const auto s = shape_of(shape, many.sizes(), few.size(1));
  const auto f = padded(few), m = channels_last(many);
  const auto filter = at::empty({s.taps, s.taps, s.few, s.many}, few.options());
  parallel_for(s.many / kManyChannels, [&](std::int64_t part) {
    kernels().filter_gradient(s, part * kManyChannels, f.data_ptr<float>(), m.data_ptr<float>(),
                              filter.data_ptr<float>());
  });
  return filter;
}

}  // namespace

bool thin_suits(FilterShape filter, at::IntArrayRef x_sizes, std::int64_t out_channels) {
  if (thin_kernels(vector_unit()) == nullptr) return false;
  const std::int64_t stride = stride_of(filter), in_channels = x_sizes[1];
  const bool few_inputs = is_few(in_channels) && is_many(out_channels);
  const bool few_outputs =
      filter == FilterShape::k3x3 && is_many(in_channels) && is_few(out_channels);
  const bool some = x_sizes[0] > 0 && x_sizes[2] > 0 && x_sizes[3] > 0;
  return (few_inputs || few_outputs) && some && x_sizes[2] % stride == 0 &&
         x_sizes[3] % stride == 0;
}

at::Tensor thin_forward(FilterShape filter, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias) {
  if (!has_few_outputs(w)) return expand(filter, x, packed(w), bias);
  const auto y = contract(filter, x, packed(w));
  return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
}

at::Tensor thin_transposed(FilterShape filter, const at::Tensor& y, const at::Tensor& w) {
  return has_few_outputs(w) ? expand(filter, y, packed(w), {}) : contract(filter, y, packed(w));
}

at::Tensor thin_filter(FilterShape filter, const at::Tensor& x, const at::Tensor& y) {
  const bool few_outputs = !is_few(x.size(1));
  return unpacked(few_outputs ? filter_of(filter, y, x) : filter_of(filter, x, y), few_outputs);
}

}  // namespace assay
