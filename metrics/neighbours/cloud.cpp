// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/cloud.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <limits>

#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kBlock = 1024;

template <class T>
double difference(const T* x, const T* y, std::int64_t n) {
  // Eight sums, so that the compiler may use vectors.
  std::array<double, 8> sums{};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const auto at = i + static_cast<std::int64_t>(lane);
      const double d = static_cast<double>(x[at]) - static_cast<double>(y[at]);
      sums[lane] += d * d;
    }
  }
  double sum = 0.0;
  for (; i < n; ++i) {
    const double d = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    sum += d * d;
  }
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace

Cloud::Cloud(const at::Tensor& given, const at::Tensor& origin, const Products& products)
    : given_(given.contiguous()),
      origin_(origin),
      shifted_(at::empty(given.sizes(),
                         at::TensorOptions(products.arithmetic).device(products.device))) {
  TORCH_CHECK(given.dim() == 2 && given.numel() > 0 && given.is_floating_point() &&
                  origin.sizes() == at::IntArrayRef{given.size(1)},
              "Cloud: needs [N,D] and [D], not ", given.sizes(), " and ", origin.sizes());
  squared_norms_.resize(static_cast<std::size_t>(size()));
  origin_products_.resize(static_cast<std::size_t>(size()));
  run_serial([&] {
    origin_norm_ = origin.dot(origin).item<double>();
    for (std::int64_t begin = 0; begin < size(); begin += kBlock) {
      const auto end = std::min(begin + kBlock, size());
      const auto moved = given_.slice(0, begin, end).to(at::kDouble) - origin;
      shifted_.slice(0, begin, end).copy_(moved);
      const auto norms = moved.square().sum(1);
      const auto along = moved.mv(origin);
      std::copy_n(norms.const_data_ptr<double>(), end - begin, squared_norms_.begin() + begin);
      std::copy_n(along.const_data_ptr<double>(), end - begin, origin_products_.begin() + begin);
    }
  });
}

at::Tensor Cloud::block(std::int64_t begin, std::int64_t end, at::ScalarType arithmetic) const {
  if (arithmetic == shifted_.scalar_type()) return shifted_.slice(0, begin, end);
  return (given_.slice(0, begin, end).to(at::kDouble) - origin_).to(shifted_.device());
}

double Cloud::error_factor(at::ScalarType arithmetic) const {
  const double epsilon = arithmetic == at::kFloat
                             ? static_cast<double>(std::numeric_limits<float>::epsilon())
                             : std::numeric_limits<double>::epsilon();
  return static_cast<double>(dimensions() + 16) * epsilon;
}

double Cloud::error_floor(at::ScalarType arithmetic) const {
  const double smallest = arithmetic == at::kFloat
                              ? static_cast<double>(std::numeric_limits<float>::min())
                              : std::numeric_limits<double>::min();
  return 4.0 * static_cast<double>(dimensions()) * smallest;
}

bool Cloud::in_range() const {
  const double largest = *std::max_element(squared_norms_.begin(), squared_norms_.end());
  const double limit = arithmetic() == at::kFloat
                           ? static_cast<double>(std::numeric_limits<float>::max())
                           : std::numeric_limits<double>::max();
  return largest < limit / 4.0;
}

double squared_distance(const Cloud& a, std::int64_t i, const Cloud& b, std::int64_t j) {
  const auto d = a.dimensions();
  if (a.given().scalar_type() == at::kFloat && b.given().scalar_type() == at::kFloat) {
    return difference(a.given().const_data_ptr<float>() + i * d,
                      b.given().const_data_ptr<float>() + j * d, d);
  }
  TORCH_CHECK(a.given().scalar_type() == at::kDouble && b.given().scalar_type() == at::kDouble,
              "squared_distance: one set is f32, the other f64");
  return difference(a.given().const_data_ptr<double>() + i * d,
                    b.given().const_data_ptr<double>() + j * d, d);
}

}  // namespace assay
