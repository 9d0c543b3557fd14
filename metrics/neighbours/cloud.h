// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace assay {

/// How products are computed.
struct Products {
  at::ScalarType arithmetic = at::kDouble;  ///< at::kFloat or at::kDouble
  at::Device device = at::kCPU;
};

/// Rows prepared for products of all pairs: moved to an origin, so that rounding is relative to
/// the spread of the data and not to its distance from zero, and kept in the arithmetic of the
/// products.
class Cloud {
 public:
  /// given: [N,D] f32 or f64 on the CPU; origin: [D] f64.
  Cloud(const at::Tensor& given, const at::Tensor& origin, const Products& products);

  std::int64_t size() const { return given_.size(0); }
  std::int64_t dimensions() const { return given_.size(1); }
  at::ScalarType arithmetic() const { return shifted_.scalar_type(); }
  at::Device device() const { return shifted_.device(); }
  const at::Tensor& given() const { return given_; }
  const at::Tensor& origin() const { return origin_; }
  /// Shifted rows begin…end, [end−begin,D], in the cloud's arithmetic and on its device, or in f64
  /// where that is too coarse.
  at::Tensor block(std::int64_t begin, std::int64_t end, at::ScalarType arithmetic) const;
  /// ‖x − o‖² of each row, f64.
  const double* squared_norms() const { return squared_norms_.data(); }
  /// (x − o)·o of each row, f64: x·y = (x−o)·(y−o) + (x−o)·o + (y−o)·o + o·o.
  const double* origin_products() const { return origin_products_.data(); }
  /// e with |‖a−b‖² by products − exact| ≤ e·(‖a−o‖² + ‖b−o‖²). With u half an ε, a product of D
  /// terms is off by at most D·u·‖a‖‖b‖ in any order of summation, twice that is at most
  /// D·u·(‖a‖² + ‖b‖²), and the norms are off by as much again (in f64); shift and sums add a few
  /// u.
  double error_factor(at::ScalarType arithmetic) const;
  /// What is added to the bound for products that underflow.
  double error_floor(at::ScalarType arithmetic) const;
  /// Whether no product can overflow.
  bool in_range() const;
  /// o·o
  double origin_norm() const { return origin_norm_; }

 private:
  at::Tensor given_, origin_, shifted_;
  double origin_norm_ = 0.0;
  std::vector<double> squared_norms_, origin_products_;
};

/// Σ (aᵢ − bᵢ)² of the rows as given, in f64: symmetric, and exactly 0 for equal rows.
double squared_distance(const Cloud& a, std::int64_t i, const Cloud& b, std::int64_t j);

}  // namespace assay
