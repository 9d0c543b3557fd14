// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace assay {

/// How many pictures every combination of the factors makes: the product of their sizes.
std::int64_t grid_size(const std::vector<Factor>& factors);

/// The factors of places in the grid, counted with the last factor running fastest: places [N] i64
/// -> [N,F] i64, each from 0 to its size − 1.
at::Tensor factors_at(const std::vector<Factor>& factors, const at::Tensor& places);

/// `given` as contiguous rows if they are factors of the grid. Throws c10::Error for another type
/// or shape than [N,F] i64 and values out of range.
at::Tensor checked_factors(const std::vector<Factor>& factors, const at::Tensor& given);

/// What of a grid makes the training and the test split.
struct GridDraw {
  std::int64_t train = 0, test = 0;  ///< places in each
  std::uint64_t seed = 0;
  /// The place whose picture is that of this one too; of grids that repeat themselves. Default: a
  /// place has its picture to itself.
  std::function<std::int64_t(std::int64_t)> first_of_same = {};
};

/// Places of both splits, [N] i64 each, drawn without replacement: the first of a permutation by
/// the seed are training, the next ones whose picture is not among these are the test split. Throws
/// std::logic_error if the grid does not hold that many.
struct GridSplits {
  at::Tensor train, test;
};
GridSplits draw_from_grid(const std::vector<Factor>& factors, const GridDraw& draw);

/// A set whose pictures are the places of a grid.
struct GridSet {
  std::string_view name;
  const std::vector<Factor>& factors;
  std::int64_t label = 0;  ///< column of the factor that is the class
  /// Pictures [N,C,size,size] u8 of factors [N,F] i64.
  at::Tensor (*draw)(const at::Tensor& factors, std::int64_t size) = nullptr;
};

/// Both splits of a set, drawn and labelled.
Dataset load_from_grid(const GridSet& set, const GridDraw& draw, std::int64_t size);

}  // namespace assay
