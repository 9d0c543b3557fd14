// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "core/random.h"
#include "data/dataset.h"

namespace assay {

/// What dataset.binarisation says: "none", "static" or "stochastic".
Binarisation binarisation_named(std::string_view name);

/// What protocols say of it; empty for none.
std::string_view binarisation_protocol(Binarisation binarisation);

/// Bernoulli draws of 8-bit pixels: a pixel of value v becomes 255 with probability v/255, which is
/// exact, else 0. Seeded; a draw depends on how many came before it.
class PixelCoins {
 public:
  explicit PixelCoins(std::uint64_t seed) : random_(seed) {}
  std::uint8_t operator()(std::uint8_t grey);

 private:
  RandomStream random_;
  std::uint64_t bytes_ = 0;
  int left_ = 0;
};

/// One draw of every value of u8 images, each channel of a colour image on its own.
at::Tensor binarise(const at::Tensor& images, std::uint64_t seed);

/// Replaces both splits by one draw each, from `seed`'s streams "binarisation/train" and
/// "binarisation/test": static binarisation (Salakhutdinov & Murray 2008, sec. 5), the same for
/// every run. Stochastic binarisation (Burda et al. 2016, sec. 5.1: a new draw whenever an example
/// is seen) also keeps the training images in Dataset::grey_images, for the batch stream to draw
/// from; what is scored stays the one draw. Throws Error for a set of points.
void binarise(Dataset& dataset, Binarisation binarisation, std::uint64_t seed);

/// The split that training batches come from: dataset.train, with the grey images where each batch
/// draws anew.
DataSplit training_source(const Dataset& dataset);

}  // namespace assay
