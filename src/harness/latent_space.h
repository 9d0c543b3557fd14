// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/events.h"
#include "data/batch_stream.h"
#include "families/trainable.h"

namespace assay {

/// Where the codes of images lie: what pictures of a latent space are scaled by.
struct CodeSpread {
  at::Tensor centre;  ///< [Z] f32, mean of the codes
  at::Tensor sd;      ///< [Z] f32, √(Var_x E[z|x] + E_x Var[z|x]): of the aggregate posterior
};
CodeSpread spread_of(const Codes& codes);

/// `code` [Z] with one dimension after another (`dimensions`, a row each) moved through `columns`
/// even steps from −2 to 2 standard deviations around the centre. [rows·columns,Z]
at::Tensor traversal(const at::Tensor& code, const CodeSpread& spread,
                     const std::vector<std::int64_t>& dimensions, std::int64_t columns);

/// Even steps from each row of `from` [R,Z] to the same row of `to`, ends included. [R·columns,Z]
at::Tensor interpolation(const at::Tensor& from, const at::Tensor& to, std::int64_t columns);

/// A square grid over a two-dimensional latent space at quantiles (i + ½)/side of a Gaussian of the
/// spread (Kingma & Welling 2014, fig. 4): z_1 grows to the right, z_2 upwards. [side²,2]
at::Tensor manifold(const CodeSpread& spread, std::int64_t side);

/// One line per dimension as CSV: its number from 0, its mean KL to N(0,1) in nats (empty for point
/// codes), the variance over images of its mean, and whether that is above 0.01, as active_units
/// counts (Burda et al. 2016). codes: on the CPU.
std::string dimension_table(const Codes& codes);

/// Of a model that encodes: "latent_dimensions" (text/csv, dimension_table) and, if it also
/// decodes, the pictures "traversals" (of the first image, its up to 16 most varied dimensions),
/// "interpolations" (between the images 0 and 1, 2 and 3, …) and, for two dimensions, "manifold".
/// Codes are of at most 2,000 of the examples (u8 on the CPU). Nothing is drawn at random.
std::vector<Artifact> latent_artifacts(GenerativeModel& model, const Batch& examples,
                                       torch::Device device);

}  // namespace assay
