// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/upfirdn2d.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "kernels/convolution/upfirdn2d_kernels.h"
#include "kernels/runtime/multiply_adds.h"
#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"
#ifdef ASSAY_CUDA
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "kernels/convolution/upfirdn2d_cuda.h"
#endif

namespace assay {
namespace {

void check_arguments(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  TORCH_CHECK(x.dim() == 4, "upfirdn2d: x is [N,C,H,W], not ", x.sizes());
  TORCH_CHECK(filter.dim() == 2 && filter.numel() > 0, "upfirdn2d: the filter is [rows,columns], ",
              "not ", filter.sizes());
  TORCH_CHECK(options.up >= 1 && options.down >= 1, "upfirdn2d: up and down are at least 1, not ",
              options.up, " and ", options.down);
  const auto& pads = options.padding;
  TORCH_CHECK(options.up * x.size(2) + pads[2] + pads[3] >= filter.size(0) &&
                  options.up * x.size(3) + pads[0] + pads[1] >= filter.size(1),
              "upfirdn2d: an image of ", x.sizes(), ", upsampled ", options.up,
              " times and padded ", at::IntArrayRef(pads), ", is smaller than the filter of ",
              filter.sizes());
}

// up − 1 zeros after each pixel and each row.
at::Tensor zeros_inserted(const at::Tensor& x, std::int64_t up) {
  if (up == 1) return x;
  const auto n = x.size(0), c = x.size(1), rows = x.size(2), columns = x.size(3);
  return at::constant_pad_nd(x.reshape({n, c, rows, 1, columns, 1}), {0, up - 1, 0, 0, 0, up - 1})
      .reshape({n, c, rows * up, columns * up});
}

// By LibTorch's convolution of each channel, which has every derivative.
at::Tensor composed(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  const auto padded = at::constant_pad_nd(zeros_inserted(x, options.up), options.padding);
  const auto weight = filter.flip({0, 1}).expand({x.size(1), 1, filter.size(0), filter.size(1)});
  return at::conv2d(padded, weight, {}, at::IntArrayRef(options.down), at::IntArrayRef(0),
                    at::IntArrayRef(1), x.size(1));
}

// Sizes of y, pads and gain aside.
UpFirDnShape shape_of(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  const auto& pads = options.padding;
  UpFirDnShape s;
  s.rows = x.size(2), s.columns = x.size(3);
  s.filter_rows = filter.size(0), s.filter_columns = filter.size(1);
  s.up = options.up, s.down = options.down;
  s.left = pads[0], s.top = pads[2];
  s.out_rows = (s.up * s.rows + pads[2] + pads[3] - s.filter_rows) / s.down + 1;
  s.out_columns = (s.up * s.columns + pads[0] + pads[1] - s.filter_columns) / s.down + 1;
  return s;
}

// x [images,H,W,channels] to y, without a graph.
template <class T>
at::Tensor rows_of(UpFirDnShape s, const at::Tensor& x, const at::Tensor& filter) {
  const std::int64_t images = x.size(0);
  s.channels = x.size(3);
  auto y = at::empty({images, s.out_rows, s.out_columns, s.channels}, x.options());
  const T* from = x.const_data_ptr<T>();
  const T* taps = filter.const_data_ptr<T>();
  T* to = y.data_ptr<T>();
#ifdef ASSAY_CUDA
  if (x.is_cuda()) {
    const c10::cuda::CUDAGuard device(x.device());
    C10_CUDA_CHECK(
        upfirdn2d_on_cuda(s, images, taps, from, to, c10::cuda::getCurrentCUDAStream().stream()));
    return y;
  }
#endif
  const auto* kernels = upfirdn2d_kernels<T>(vector_unit());
  const std::int64_t x_image = s.rows * s.columns * s.channels;
  const std::int64_t y_image = s.out_rows * s.out_columns * s.channels;
  parallel_for(images * s.out_rows, [&](std::int64_t work) {
    const std::int64_t image = work / s.out_rows;
    kernels->row(s, taps, from + image * x_image, to + image * y_image, work % s.out_rows);
  });
  return y;
}

at::Tensor rows_of(const UpFirDnShape& s, const at::Tensor& x, const at::Tensor& filter) {
  return x.scalar_type() == at::kDouble ? rows_of<double>(s, x, filter)
                                        : rows_of<float>(s, x, filter);
}

// Fewer channels than fill a vector lie beside those of all other images instead.
constexpr std::int64_t kFewChannels = 16;

bool is_channels_last(const at::Tensor& x) {
  return !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor fused(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  const auto s = shape_of(x, filter, options);
  // Of the taps those that do not meet zeros between pixels.
  count_multiply_adds(x.size(0) * x.size(1) * s.out_rows * s.out_columns * filter.numel() /
                      (s.up * s.up));
  if (x.is_cuda() ? is_channels_last(x) : x.size(1) >= kFewChannels) {
    return rows_of(s, x.permute({0, 2, 3, 1}).contiguous(), filter).permute({0, 3, 1, 2});
  }
  if (x.is_cuda()) {
    const auto planes = x.contiguous().view({-1, s.rows, s.columns, 1});
    return rows_of(s, planes, filter).view({x.size(0), x.size(1), s.out_rows, s.out_columns});
  }
  const auto pixels = x.permute({2, 3, 0, 1}).contiguous().view({1, s.rows, s.columns, -1});
  return rows_of(s, pixels, filter)
      .view({s.out_rows, s.out_columns, x.size(0), x.size(1)})
      .permute({2, 3, 0, 1})
      .contiguous();
}

// The adjoint's: y's pixel meets x's through the same tap, counted from its other end.
UpFirDn adjoint(const UpFirDnShape& s) {
  const auto after = [&](std::int64_t size, std::int64_t out, std::int64_t pad) {
    return s.up * size - s.down * out + pad - s.up + 1;
  };
  const std::int64_t left = s.filter_columns - 1 - s.left, top = s.filter_rows - 1 - s.top;
  return {.up = s.down,
          .down = s.up,
          .padding = {left, after(s.columns, s.out_columns, s.left), top,
                      after(s.rows, s.out_rows, s.top)}};
}

std::vector<std::int64_t> numbers(const UpFirDn& o) {
  return {o.up, o.down, o.padding[0], o.padding[1], o.padding[2], o.padding[3]};
}

struct Fused : torch::autograd::Function<Fused> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& filter, const std::vector<std::int64_t>& of) {
    const UpFirDn options = {of[0], of[1], {of[2], of[3], of[4], of[5]}};
    context->save_for_backward({filter});
    context->saved_data["adjoint"] = numbers(adjoint(shape_of(x, filter, options)));
    return fused(x, filter, options);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto filter = context->get_saved_variables()[0];
    const auto of = context->saved_data["adjoint"].toIntVector();
    return {apply(gradients[0], filter.flip({0, 1}), of), at::Tensor(), at::Tensor()};
  }
};

// Putting many channels of planes beside each other takes longer than halving them does.
bool is_worth_its_order(const at::Tensor& x, const UpFirDn& options) {
  return options.down <= options.up || x.size(1) < kFewChannels ||
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool has_loops(const at::Tensor& x, const UpFirDn& options) {
#ifdef ASSAY_CUDA
  if (x.is_cuda()) return true;
#endif
  return x.device().is_cpu() && upfirdn2d_kernels<float>(vector_unit()) != nullptr &&
         is_worth_its_order(x, options);
}

bool fuses(const at::Tensor& x, const UpFirDn& options) {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble;
  return known && x.numel() > 0 && !is_batched_over_seeds(x) && has_loops(x, options);
}

}  // namespace

template <class T>
const UpFirDnKernels<T>* upfirdn2d_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return upfirdn2d_avx512<T>();
  return unit == VectorUnit::kAvx2 ? upfirdn2d_avx2<T>() : nullptr;
}
template const UpFirDnKernels<float>* upfirdn2d_kernels(VectorUnit unit);
template const UpFirDnKernels<double>* upfirdn2d_kernels(VectorUnit unit);

at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  check_arguments(x, filter, options);
  const auto taps = (filter.detach().to(x.options()) * options.gain).contiguous();
  return fuses(x, options) ? Fused::apply(x, taps, numbers(options)) : composed(x, taps, options);
}

at::Tensor binomial_filter() {
  const auto taps = at::tensor({1.0F, 3.0F, 3.0F, 1.0F});
  return at::outer(taps, taps) / 64.0F;
}

}  // namespace assay
