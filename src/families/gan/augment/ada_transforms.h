// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "nn/noise.h"

namespace assay {

/// What adaptive augmentation does to each of N images (Karras et al. 2020, "Training Generative
/// Adversarial Networks with Limited Data", appendix B and figure 7), all [N] unless said. An image
/// that is spared a transformation has its neutral value.
struct AdaPixels {         ///< pixel blitting
  torch::Tensor flip;      ///< 1: left to right, 0: not
  torch::Tensor quarters;  ///< quarter turns, 0 … 3
  torch::Tensor shift;     ///< [N,2] of width and height, rounded to whole pixels
};
struct AdaGeometry {
  torch::Tensor scale;    ///< in both axes
  torch::Tensor before;   ///< turn in radians before the next
  torch::Tensor stretch;  ///< of the horizontal axis, the vertical one by its inverse
  torch::Tensor after;    ///< turn in radians after it
  torch::Tensor shift;    ///< [N,2] of width and height
};
struct AdaColour {
  torch::Tensor brightness;  ///< added
  torch::Tensor contrast;    ///< factor
  torch::Tensor luma_flip;   ///< 1: mirrored along the luma axis, 0: not
  torch::Tensor hue;         ///< turn in radians about the luma axis
  torch::Tensor saturation;  ///< factor of what is not along it
};

/// Each with the authors' strengths (training/augment.py) and probability min(p, 1), a [] tensor;
/// either turn with 1 − √(1 − p), so that with p there is one or both. `options`: of the images.
AdaPixels draw_pixels(std::int64_t count, const torch::Tensor& p, const Noise& noise,
                      const at::TensorOptions& options);
AdaGeometry draw_geometry(std::int64_t count, const torch::Tensor& p, const Noise& noise,
                          const at::TensorOptions& options);
AdaColour draw_colour(std::int64_t count, const torch::Tensor& p, const Noise& noise,
                      const at::TensorOptions& options);

/// [N,3,3]: from where, of a point (x, y, 1) of the result in pixels from its middle, an image is
/// read: the inverse of the transformations, the first drawn leftmost.
torch::Tensor sources(const AdaPixels& pixels, std::int64_t height, std::int64_t width);
torch::Tensor sources(const AdaGeometry& geometry, std::int64_t height, std::int64_t width);

/// [N,4,4]: what (r, g, b, 1) becomes, the last drawn leftmost. The luma axis is (1,1,1)/√3. Images
/// of one channel have neither hue nor saturation.
torch::Tensor colours(const AdaColour& colour, bool of_one_channel);

/// The images [N,C,H,W] read at `from` [N,3,3], mirrored at their outermost pixels as far as any
/// image of the batch is read there, at most once; at twice the resolution, with the wavelet sym6
/// before and after as a low-pass filter, bilinearly. An image whose map is the identity stays as
/// it is, to the bit.
torch::Tensor geometrically_transformed(const torch::Tensor& images, const torch::Tensor& from);

/// Images of three channels with their colours mapped by [N,4,4]; of one channel by the mean of its
/// first three rows, as three equal channels would be before they are averaged.
torch::Tensor recoloured(const torch::Tensor& images, const torch::Tensor& map);

}  // namespace assay
