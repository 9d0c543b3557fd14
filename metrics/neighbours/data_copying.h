// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Z-scored Mann–Whitney U of two samples of distances: U counts the pairs in which the generated
/// one is larger (half for ties), its mean under equality is mn/2 and its variance
///   mn/12 · (m + n + 1 − Σ(t³−t) / ((m+n)(m+n−1))),   t the sizes of ties.
/// No continuity correction. 0 if all values are equal. Standard error: by the placements' variance
/// (DeLong et al. 1988), so 1 where the samples agree and less where they are far apart;
/// placements that are all equal count as a share with half a success and half a failure more.
Mean z_scored_u(std::vector<double> generated, std::vector<double> held_out);

/// The three samples of the data-copying test: [N,D], [T,D], [M,D] f64.
struct CopyingSamples {
  at::Tensor generated, held_out, train;
};

struct CopyingOptions {
  std::int64_t cells = 3;
  std::int64_t min_generated = 20;  ///< a cell counts if it holds more generated rows than this
  std::uint64_t seed = 0;           ///< of the k-means starts
};

/// C_T (Meehan, Chaudhuri & Dasgupta 2020, sec. 4): whether generated rows lie nearer to the
/// training set than held-out ones do. In each k-means cell of the training set, Z is z_scored_u of
/// the distances to the nearest training row of the cell;
///   C_T = Σ P(cell) Z(cell) / Σ P(cell),   P the share of held-out rows,
/// over cells with enough generated rows. Near 0: as good as fresh data; below about −3: copies;
/// above 3: far from the data. Cells = 3 and more than 20 generated rows are the choice of dgm-eval
/// and fld; they also project to 64 principal components, which this does not, and their Z has a
/// continuity correction. A nearest row is found by matrix products and its distance taken from the
/// difference, so that a copy is at 0 exactly.
///
/// Standard error: cells are independent; training set and cells count as fixed.
/// Throws Error if no cell has enough rows.
Mean data_copying(const CopyingSamples& samples, const CopyingOptions& options);

/// The reference features must be those of the training set, the held-out ones of another split.
MetricValue compute_ct(const MetricInputs& inputs);

}  // namespace assay
