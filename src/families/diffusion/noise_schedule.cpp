// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/noise_schedule.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace assay {
namespace {

// ᾱ of β_t = 1 − f((t+1)/T)/f(t/T), at most 0.999.
NoiseSchedule schedule_of(std::int64_t timesteps, const std::function<double(double)>& of_share) {
  TORCH_CHECK(timesteps > 0, "a schedule needs a timestep");
  constexpr double kLargestBeta = 0.999;
  const auto f = [&](std::int64_t u) {
    return of_share(static_cast<double>(u) / static_cast<double>(timesteps));
  };
  NoiseSchedule alpha_bar;
  double product = 1.0;
  for (std::int64_t t = 0; t < timesteps; ++t) {
    product *= 1.0 - std::min(1.0 - f(t + 1) / f(t), kLargestBeta);
    alpha_bar.push_back(product);
  }
  return alpha_bar;
}

}  // namespace

NoiseSchedule linear_schedule(std::int64_t timesteps) {
  TORCH_CHECK(timesteps > 20, "a linear schedule needs more than 20 timesteps, not ", timesteps);
  const double scale = 1000.0 / static_cast<double>(timesteps);
  const double first = 1e-4 * scale, last = 0.02 * scale;
  NoiseSchedule alpha_bar;
  double product = 1.0;
  for (std::int64_t t = 0; t < timesteps; ++t) {
    const double share = static_cast<double>(t) / static_cast<double>(timesteps - 1);
    product *= 1.0 - (first + (last - first) * share);
    alpha_bar.push_back(product);
  }
  return alpha_bar;
}

NoiseSchedule scaled_linear_schedule(std::int64_t timesteps, double first, double last) {
  TORCH_CHECK(timesteps > 1, "a line of betas needs two timesteps, not ", timesteps);
  TORCH_CHECK(0.0 < first && first <= last && last < 1.0, "betas rise within 0 and 1, not from ",
              first, " to ", last);
  NoiseSchedule alpha_bar;
  double product = 1.0;
  for (std::int64_t t = 0; t < timesteps; ++t) {
    const double share = static_cast<double>(t) / static_cast<double>(timesteps - 1);
    const double root = std::sqrt(first) + (std::sqrt(last) - std::sqrt(first)) * share;
    product *= 1.0 - root * root;
    alpha_bar.push_back(product);
  }
  return alpha_bar;
}

NoiseSchedule cosine_schedule(std::int64_t timesteps) {
  constexpr double kOffset = 0.008;
  return schedule_of(timesteps, [](double share) {
    const double c = std::cos((share + kOffset) / (1.0 + kOffset) * std::numbers::pi / 2.0);
    return c * c;
  });
}

NoiseSchedule sigmoid_schedule(std::int64_t timesteps) {
  constexpr double kStart = -3.0, kEnd = 3.0;
  const auto sigmoid = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  return schedule_of(timesteps, [&](double share) {
    return (sigmoid(kEnd) - sigmoid(kStart + share * (kEnd - kStart))) /
           (sigmoid(kEnd) - sigmoid(kStart));
  });
}

NoiseSchedule with_zero_terminal_snr(const NoiseSchedule& schedule) {
  TORCH_CHECK(schedule.size() > 1, "a schedule of one timestep cannot be rescaled");
  const double first = std::sqrt(schedule.front()), last = std::sqrt(schedule.back());
  NoiseSchedule alpha_bar;
  for (const double value : schedule) {
    const double signal = (std::sqrt(value) - last) * first / (first - last);
    alpha_bar.push_back(signal * signal);
  }
  return alpha_bar;
}

}  // namespace assay
