// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/mutual_information.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr int kResamples = 200;
constexpr std::uint64_t kBootstrapSeed = 0x6d6967;  // "mig"

std::size_t at_index(std::int64_t i) { return static_cast<std::size_t>(i); }

// The left edges of numpy.histogram's bins of one code.
std::vector<double> left_edges(const at::Tensor& code, std::int64_t bins) {
  const double low = code.min().item<double>();
  const double step = (code.max().item<double>() - low) / static_cast<double>(bins);
  std::vector<double> edges;
  for (std::int64_t i = 0; i < bins; ++i) edges.push_back(static_cast<double>(i) * step + low);
  return edges;
}

double entropy_term(double count, double total) {
  return count > 0.0 ? count / total * std::log(count / total) : 0.0;
}

double entropy(const std::vector<double>& counts, double total) {
  double sum = 0.0;
  for (const double count : counts) sum -= entropy_term(count, total);
  return sum;
}

// Σ p(z,v) log(p(z,v)/(p(z) p(v))) of a [bins, values] table of counts.
double information(const std::vector<double>& table, const std::vector<double>& of_code,
                   const std::vector<double>& of_factor, double total) {
  double sum = 0.0;
  for (std::size_t z = 0; z < of_code.size(); ++z) {
    for (std::size_t v = 0; v < of_factor.size(); ++v) {
      const double count = table[z * of_factor.size() + v];
      if (count == 0.0) continue;
      sum += count / total * std::log(count * total / (of_code[z] * of_factor[v]));
    }
  }
  return std::max(sum, 0.0);  // rounding may leave −1e-17 for independent ones
}

double one_pair(const BinnedCodes& binned, std::span<const std::int64_t> counts, std::size_t code,
                std::size_t factor, std::vector<double>& of_factor) {
  const auto codes = at_index(binned.codes);
  const auto factors = binned.sizes.size();
  const auto values = at_index(binned.sizes[factor]);
  std::vector<double> table(at_index(binned.bins) * values);
  std::vector<double> of_code(at_index(binned.bins));
  of_factor.assign(values, 0.0);
  double total = 0.0;
  for (std::size_t row = 0; row < at_index(binned.rows); ++row) {
    const double times = counts.empty() ? 1.0 : static_cast<double>(counts[row]);
    const auto z = at_index(binned.bin[row * codes + code]);
    const auto v = at_index(binned.factor[row * factors + factor]);
    table[z * values + v] += times;
    of_code[z] += times;
    of_factor[v] += times;
    total += times;
  }
  return information(table, of_code, of_factor, total);
}

}  // namespace

BinnedCodes binned_codes(const CheckedCodes& codes, std::int64_t bins) {
  const auto columns = codes.values.t().contiguous();
  const auto factors = codes.factors.contiguous();
  BinnedCodes binned{codes.values.size(0), codes.values.size(1), bins, {}, {}, codes.sizes};
  binned.bin.resize(at_index(binned.rows * binned.codes));
  for (std::int64_t code = 0; code < binned.codes; ++code) {
    const auto edges = left_edges(columns[code], bins);
    const auto* values = columns.const_data_ptr<double>() + code * binned.rows;
    for (std::int64_t row = 0; row < binned.rows; ++row) {
      const auto beyond = std::upper_bound(edges.begin(), edges.end(), values[row]);
      binned.bin[at_index(row * binned.codes + code)] = beyond - edges.begin() - 1;
    }
  }
  binned.factor.assign(factors.const_data_ptr<std::int64_t>(),
                       factors.const_data_ptr<std::int64_t>() + factors.numel());
  return binned;
}

MutualInformation mutual_information(const BinnedCodes& binned,
                                     std::span<const std::int64_t> counts) {
  TORCH_CHECK(counts.empty() || counts.size() == at_index(binned.rows),
              "mutual_information: ", counts.size(), " counts of ", binned.rows, " rows");
  const auto factors = static_cast<std::int64_t>(binned.sizes.size());
  MutualInformation result{at::zeros({binned.codes, factors}, at::kDouble),
                           at::zeros({factors}, at::kDouble)};
  auto* out = result.information.mutable_data_ptr<double>();
  const auto total = static_cast<double>(binned.rows);  // a resample has as many
  for (std::int64_t factor = 0; factor < factors; ++factor) {
    std::vector<double> of_factor;
    for (std::int64_t code = 0; code < binned.codes; ++code) {
      out[code * factors + factor] =
          one_pair(binned, counts, at_index(code), at_index(factor), of_factor);
    }
    result.entropies.mutable_data_ptr<double>()[factor] = entropy(of_factor, total);
  }
  return result;
}

double bootstrap_standard_error(const BinnedCodes& binned, const InformationScore& score) {
  RandomStream random(kBootstrapSeed);
  std::vector<double> values;
  for (int i = 0; i < kResamples; ++i) {
    std::vector<std::int64_t> counts(at_index(binned.rows));
    for (std::int64_t row = 0; row < binned.rows; ++row) {
      ++counts[random.below(static_cast<std::uint64_t>(binned.rows))];
    }
    values.push_back(score(mutual_information(binned, counts)));
  }
  double error = 0.0;
  run_serial([&] { error = at::tensor(values, at::kDouble).std(true).item<double>(); });
  return error;
}

}  // namespace assay
