// SPDX-License-Identifier: Apache-2.0
#include "kernels/resampling/affine_resample.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>
#include <utility>

#include "kernels/runtime/parallel.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

struct Size {
  std::int64_t rows, columns;
};

// Calls visit(pixel of the result, pixel of the source, weight) for each of the up to four pixels
// that one of the result is read from. theta: the 6 numbers of one image.
template <class Visit>
void for_each_tap(const double* theta, const Size& result, const Size& source, const Visit& visit) {
  for (std::int64_t i = 0; i < result.rows; ++i) {
    for (std::int64_t j = 0; j < result.columns; ++j) {
      const auto x = static_cast<double>(j), y = static_cast<double>(i);
      const double u = theta[0] * x + theta[1] * y + theta[2];
      const double v = theta[3] * x + theta[4] * y + theta[5];
      // Comparisons that a NaN fails, before it becomes an index.
      if (!(u > -1.0 && u < static_cast<double>(source.columns) && v > -1.0 &&
            v < static_cast<double>(source.rows))) {
        continue;
      }
      const double left = std::floor(u), top = std::floor(v);
      const std::array<double, 2> across = {1.0 - (u - left), u - left},
                                  down = {1.0 - (v - top), v - top};
      for (std::int64_t a = 0; a < 2; ++a) {
        const std::int64_t row = static_cast<std::int64_t>(top) + a;
        if (row < 0 || row >= source.rows) continue;
        for (std::int64_t b = 0; b < 2; ++b) {
          const std::int64_t column = static_cast<std::int64_t>(left) + b;
          if (column < 0 || column >= source.columns) continue;
          visit(i * result.columns + j, row * source.columns + column,
                down[static_cast<std::size_t>(a)] * across[static_cast<std::size_t>(b)]);
        }
      }
    }
  }
}

// transpose: x is of the result's size, and what it was read from is returned.
template <class Number>
void resample(const at::Tensor& x, const at::Tensor& theta, bool transpose, at::Tensor& y) {
  const Size result = transpose ? Size{x.size(2), x.size(3)} : Size{y.size(2), y.size(3)},
             source = transpose ? Size{y.size(2), y.size(3)} : Size{x.size(2), x.size(3)};
  const std::int64_t channels = x.size(1), of_result = result.rows * result.columns,
                     of_source = source.rows * source.columns;
  const auto* maps = theta.const_data_ptr<double>();
  const auto* from = x.const_data_ptr<Number>();
  auto* to = y.data_ptr<Number>();
  // An image is one thread's, so that what a pixel gathers has one order.
  parallel_for(x.size(0), [&](std::int64_t n) {
    const auto* in = from + n * channels * (transpose ? of_result : of_source);
    auto* out = to + n * channels * (transpose ? of_source : of_result);
    for_each_tap(maps + n * 6, result, source,
                 [&](std::int64_t here, std::int64_t there, double weight) {
                   const auto w = static_cast<Number>(weight);
                   for (std::int64_t c = 0; c < channels; ++c) {
                     if (transpose) {
                       out[c * of_source + there] += w * in[c * of_result + here];
                     } else {
                       out[c * of_result + here] += w * in[c * of_source + there];
                     }
                   }
                 });
  });
}

// Where the corner (a,b) of each pixel of the result lies, [N·rows·columns] among all pixels of x,
// and its weight; a corner outside of x weighs 0.
std::pair<at::Tensor, at::Tensor> corner(const at::Tensor& u, const at::Tensor& v, std::int64_t a,
                                         std::int64_t b, const Size& source) {
  const auto row = v.floor() + a, column = u.floor() + b;
  const auto weight = (1.0 - (v - row).abs()) * (1.0 - (u - column).abs());
  const auto inside = (row >= 0) & (row < source.rows) & (column >= 0) & (column < source.columns);
  const auto image = at::arange(u.size(0), u.options().dtype(at::kLong)).view({-1, 1, 1});
  const auto index =
      (image * source.rows + row.clamp(0, source.rows - 1).to(at::kLong)) * source.columns +
      column.clamp(0, source.columns - 1).to(at::kLong);
  return {index.flatten(), at::where(inside, weight, at::zeros_like(weight)).flatten()};
}

at::Tensor by_indexing(const at::Tensor& x, const at::Tensor& theta, bool transpose,
                       const Size& result, const Size& source) {
  const auto options = theta.options();
  const auto j = at::arange(result.columns, options), i = at::arange(result.rows, options);
  const auto of = [&](std::int64_t row) {
    const auto t = theta.select(1, row);
    return t.select(1, 0).view({-1, 1, 1}) * j + t.select(1, 1).view({-1, 1, 1}) * i.view({-1, 1}) +
           t.select(1, 2).view({-1, 1, 1});
  };
  const auto u = of(0), v = of(1);
  const std::int64_t count = x.size(0), channels = x.size(1);
  // Pixels in rows, so that adding at an index is deterministic on a GPU too.
  const auto pixels = x.permute({0, 2, 3, 1}).reshape({-1, channels});
  const Size& wanted = transpose ? source : result;
  auto sum = at::zeros({count * wanted.rows * wanted.columns, channels}, x.options());
  for (const std::int64_t a : {0, 1}) {
    for (const std::int64_t b : {0, 1}) {
      const auto [index, weight] = corner(u, v, a, b, source);
      const auto w = weight.to(x.scalar_type()).unsqueeze(1);
      sum =
          transpose ? sum.index_add(0, index, w * pixels) : sum + w * pixels.index_select(0, index);
    }
  }
  return sum.view({count, wanted.rows, wanted.columns, channels}).permute({0, 3, 1, 2});
}

at::Tensor computed(const at::Tensor& x, const at::Tensor& theta, bool transpose,
                    const Size& result, const Size& source) {
  const bool has_loops =
      x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble);
  if (!has_loops) return by_indexing(x, theta, transpose, result, source).contiguous();
  const Size& wanted = transpose ? source : result;
  auto y = at::zeros({x.size(0), x.size(1), wanted.rows, wanted.columns}, x.options());
  if (x.scalar_type() == at::kFloat) {
    resample<float>(x.contiguous(), theta, transpose, y);
  } else {
    resample<double>(x.contiguous(), theta, transpose, y);
  }
  return y;
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Resampled : torch::autograd::Function<Resampled> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& theta,
                            bool transpose, std::int64_t rows, std::int64_t columns) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({theta});
    context->saved_data["transpose"] = transpose;
    context->saved_data["rows"] = x.size(2);
    context->saved_data["columns"] = x.size(3);
    const Size given{x.size(2), x.size(3)}, wanted{rows, columns};
    return computed(x, theta, transpose, transpose ? given : wanted, transpose ? wanted : given);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto theta = context->get_saved_variables().front();
    return {Resampled::apply(gradients.front(), theta, !context->saved_data["transpose"].toBool(),
                             context->saved_data["rows"].toInt(),
                             context->saved_data["columns"].toInt()),
            {},
            {},
            {},
            {}};
  }
};

at::Tensor checked(const at::Tensor& x, const at::Tensor& theta) {
  TORCH_CHECK(x.dim() == 4 && theta.sizes() == at::IntArrayRef({x.size(0), 2, 3}),
              "affine_resample takes [N,C,H,W] and [N,2,3], not ", x.sizes(), " and ",
              theta.sizes());
  TORCH_CHECK(!theta.requires_grad(), "affine_resample has no gradient by its map");
  TORCH_CHECK(!is_batched_over_seeds(x) && !is_batched_over_seeds(theta),
              "affine_resample is of one seed at a time");
  return theta.to(x.device(), at::kDouble).contiguous();
}

}  // namespace

at::Tensor affine_resample(const at::Tensor& x, const at::Tensor& theta, std::int64_t rows,
                           std::int64_t columns) {
  return Resampled::apply(x, checked(x, theta), false, rows, columns);
}

at::Tensor affine_resample_by_indexing(const at::Tensor& x, const at::Tensor& theta,
                                       std::int64_t rows, std::int64_t columns) {
  return by_indexing(x, checked(x, theta), false, {rows, columns}, {x.size(2), x.size(3)});
}

}  // namespace assay
