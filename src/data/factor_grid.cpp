// SPDX-License-Identifier: Apache-2.0
#include "data/factor_grid.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "core/random.h"
#include "data/split.h"

namespace assay {

std::int64_t grid_size(const std::vector<Factor>& factors) {
  std::int64_t size = 1;
  for (const Factor& factor : factors) size *= factor.size;
  return size;
}

at::Tensor factors_at(const std::vector<Factor>& factors, const at::Tensor& places) {
  at::Tensor rest = places;
  std::vector<at::Tensor> columns(factors.size());
  for (std::size_t i = factors.size(); i-- > 0;) {
    columns[i] = rest.remainder(factors[i].size);
    rest = rest.floor_divide(factors[i].size);
  }
  return at::stack(columns, 1);
}

at::Tensor checked_factors(const std::vector<Factor>& factors, const at::Tensor& given) {
  const auto columns = static_cast<std::int64_t>(factors.size());
  TORCH_CHECK(given.dim() == 2 && given.size(1) == columns && given.scalar_type() == at::kLong,
              "factors are [N,", columns, "] i64, not ", given.sizes(), " ", given.scalar_type());
  for (std::int64_t i = 0; i < columns; ++i) {
    const auto column = given.select(1, i);
    const auto& factor = factors[static_cast<std::size_t>(i)];
    TORCH_CHECK(given.size(0) == 0 || (column.min().item<std::int64_t>() >= 0 &&
                                       column.max().item<std::int64_t>() < factor.size),
                "factor ", factor.name, " runs outside of 0 to ", factor.size - 1);
  }
  return given.contiguous();
}

GridSplits draw_from_grid(const std::vector<Factor>& factors, const GridDraw& draw) {
  const auto same = [&](std::int64_t place) {
    return static_cast<std::size_t>(draw.first_of_same ? draw.first_of_same(place) : place);
  };
  const std::int64_t all = grid_size(factors);
  const auto order = RandomStream(draw.seed).permutation(all);
  std::vector<bool> trained(static_cast<std::size_t>(all), false);
  std::vector<std::int64_t> train, test;
  for (const std::int64_t place : order) {
    if (std::ssize(train) < draw.train) {
      train.push_back(place);
      trained[same(place)] = true;
    } else if (std::ssize(test) < draw.test && !trained[same(place)]) {
      test.push_back(place);
    }
  }
  if (std::ssize(train) < draw.train || std::ssize(test) < draw.test) {
    throw std::logic_error("draw_from_grid: the grid is too small for its splits");
  }
  return {at::tensor(train, at::kLong), at::tensor(test, at::kLong)};
}

Dataset load_from_grid(const GridSet& set, const GridDraw& draw, std::int64_t size) {
  const GridSplits places = draw_from_grid(set.factors, draw);
  const auto split = [&](const at::Tensor& chosen) {
    const auto factors = factors_at(set.factors, chosen);
    return make_split(set.draw(factors, size), factors.select(1, set.label), factors);
  };
  Dataset dataset;
  dataset.name = set.name;
  dataset.classes = set.factors[static_cast<std::size_t>(set.label)].size;
  dataset.factors = set.factors;
  dataset.train = split(places.train);
  dataset.test = split(places.test);
  return dataset;
}

}  // namespace assay
