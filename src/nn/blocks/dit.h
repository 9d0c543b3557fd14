// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/blocks/denoising_network.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/time_embedding.h"

namespace assay {

struct DiTOptions {
  std::vector<std::int64_t> example_shape = {1, 28, 28};  ///< [C,H,W], of images or of latents
  std::int64_t patch_size = 4;                            ///< p: tokens are p × p values wide
  std::int64_t depth = 4;                                 ///< blocks
  std::int64_t width = 128;                               ///< D, of a token
  std::int64_t heads = 4;
  double mlp_ratio = 4.0;              ///< hidden width of a block's perceptron over D
  std::int64_t time_embedding = 256;   ///< width of the sinusoidal embedding of the time
  double lowest_time_frequency = 1.0;  ///< radians per unit of t
  double highest_time_frequency = 1000.0;
  double fourier_scale = 0.0;  ///< of Gaussian Fourier features of t instead; 0: none
  std::int64_t classes = 0;    ///< it may be told; their embedding is added to that of the time
  std::int64_t outputs = 1;    ///< examples that it returns, one behind the other in the channels
};

/// What does not fit in `options`, as the sentence of an error message; empty if all fits.
std::string dit_misfit(const DiTOptions& options);

/// Fixed embeddings of the places of a rows × columns grid (facebookresearch/DiT's
/// get_2d_sincos_pos_embed, after Vaswani et al. 2017, sec. 3.5): the first half of the width tells
/// the column, the second the row, each by sines and then cosines at frequencies 10000^(−i/(D/4)),
/// i = 0 … D/4 − 1. [rows·columns, width] f32, row by row; width a multiple of 4.
torch::Tensor grid_positions(std::int64_t rows, std::int64_t columns, std::int64_t width);

/// Transformer block with adaLN-Zero (Peebles & Xie 2023, sec. 3.2): of (β_1, γ_1, α_1, β_2, γ_2,
/// α_2) = W e,
///   x ← x + α_1 A(LN(x) (1 + γ_1) + β_1); x ← x + α_2 M(LN(x) (1 + γ_2) + β_2),
/// LN without weights, A self-attention, M a perceptron with GELU (its tanh form). W starts at
/// zero, so that an untrained block is the identity.
class DiTBlockImpl : public torch::nn::Module {
 public:
  explicit DiTBlockImpl(const DiTOptions& options);
  /// x: [N,T,D]; embedding: [N,D], already through its activation. Returns [N,T,D].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& embedding);

 private:
  std::int64_t heads_;
  Linear modulation_, qkv_, out_, wide_, narrow_;
};
TORCH_MODULE(DiTBlock);

/// Diffusion transformer (Peebles & Xie 2023): patches of noisy examples, pixels or latents, become
/// tokens; the sum of the embeddings of time and class modulates every block. The output layer
/// starts at zero, so an untrained net returns zero; other linear layers by Glorot's uniform law
/// with biases 0, the class table and the time's two layers ~ N(0, .02²), as published.
class DiTImpl : public DenoisingNetwork {
 public:
  /// Throws c10::Error with dit_misfit()'s sentence.
  explicit DiTImpl(const DiTOptions& options);
  /// x_t: [N,C,H,W]. Returns [N,outputs·C,H,W].
  torch::Tensor predict(const torch::Tensor& x_t, const torch::Tensor& t,
                        const Condition& condition, std::optional<Noise> noise) override;

 private:
  void initialise();
  torch::Tensor embed(const torch::Tensor& t, const torch::Tensor& labels);
  torch::Tensor patches(const torch::Tensor& x) const;
  torch::Tensor unpatched(const torch::Tensor& tokens) const;

  DiTOptions options_;
  torch::Tensor frequencies_, positions_;
  FourierFeatures fourier_{nullptr};
  Linear patch_{nullptr}, time1_{nullptr}, time2_{nullptr};
  torch::nn::Embedding label_{nullptr};
  std::vector<DiTBlock> blocks_;
  Linear output_modulation_{nullptr}, output_{nullptr};
};
TORCH_MODULE(DiT);

}  // namespace assay
