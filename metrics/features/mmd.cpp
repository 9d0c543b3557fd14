// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/mmd.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace assay {
namespace {

double total(const std::vector<double>& sums) {
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

// One sample's part of the statistic: its own sums and those with the other sample.
class Side {
 public:
  Side(const std::vector<double>& own, const std::vector<double>& cross, MmdEstimator estimator,
       double self_kernel)
      : own_(own),
        cross_(cross),
        biased_(estimator == MmdEstimator::kBiased),
        self_kernel_(self_kernel) {}

  double size() const { return static_cast<double>(own_.size()); }
  double own_mean() const { return mean(total(own_), size()); }

  // Variance of the statistic that is due to this sample; the other has other_size rows.
  double jackknife_variance(double other_size) const {
    const double n = size();
    if (!biased_ && n < 3.0) return std::numeric_limits<double>::quiet_NaN();
    const double own_total = total(own_), cross_total = total(cross_);
    std::vector<double> without(own_.size());
    for (std::size_t i = 0; i < own_.size(); ++i) {
      without[i] = mean(own_total - 2.0 * own_[i], n - 1.0) -
                   2.0 * (cross_total - cross_[i]) / ((n - 1.0) * other_size);
    }
    const double centre = total(without) / n;
    double squares = 0.0;
    for (const double value : without) squares += (value - centre) * (value - centre);
    return (n - 1.0) / n * squares;
  }

 private:
  double mean(double sum, double n) const {
    return biased_ ? (sum + n * self_kernel_) / (n * n) : sum / (n * (n - 1.0));
  }

  const std::vector<double>& own_;
  const std::vector<double>& cross_;
  bool biased_;
  double self_kernel_;
};

}  // namespace

Mean mmd_squared(const KernelSums& sums, MmdEstimator estimator, double self_kernel) {
  TORCH_CHECK(sums.xx.size() >= 2 && sums.yy.size() >= 2 && sums.xy.size() == sums.xx.size() &&
                  sums.yx.size() == sums.yy.size(),
              "mmd_squared: sums of ", sums.xx.size(), " and ", sums.yy.size(), " rows");
  const Side x(sums.xx, sums.xy, estimator, self_kernel);
  const Side y(sums.yy, sums.yx, estimator, self_kernel);
  const double value = x.own_mean() + y.own_mean() - 2.0 * total(sums.xy) / (x.size() * y.size());
  return {value, std::sqrt(x.jackknife_variance(y.size()) + y.jackknife_variance(x.size()))};
}

}  // namespace assay
