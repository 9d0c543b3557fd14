// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/process.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace assay {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Formulas are written once, for numbers and for tensors; the latter's functions are found by their
// argument.
using std::cos;
using std::exp;
using std::expm1;
using std::log;
using std::sin;
using std::sqrt;

// ½ ∫_0^t β with β on a line, and ½ β.
struct LinearBeta {
  double first, last;
  template <class T>
  T half_integral(const T& t) const {
    return 0.5 * first * t + 0.25 * (last - first) * t * t;
  }
  template <class T>
  T half(const T& t) const {
    return 0.5 * (first + (last - first) * t);
  }
};

// α of a schedule, σ = √(1 − α²): σ σ' = −α α'.
template <class T>
LevelOf<T> variance_preserving(const T& signal, const T& signal_slope) {
  const T noise = sqrt((1.0 - signal) * (1.0 + signal));
  return {signal, noise, signal_slope, -1.0 * signal * signal_slope / noise};
}

struct VpLinear {
  LinearBeta beta;
  template <class T>
  LevelOf<T> operator()(const T& t) const {
    const T half = beta.half_integral(t), signal = exp(-1.0 * half), slope = beta.half(t);
    const T noise = sqrt(-1.0 * expm1(-2.0 * half));
    return {signal, noise, -1.0 * slope * signal, slope * signal * signal / noise};
  }
};

struct VpCosine {
  template <class T>
  LevelOf<T> operator()(const T& t) const {
    constexpr double kOffset = 0.008, kRate = std::numbers::pi / 2.0 / (1.0 + kOffset);
    const T angle = kRate * (t + kOffset);
    const double start = std::cos(kRate * kOffset);
    return variance_preserving<T>(cos(angle) / start, -kRate * sin(angle) / start);
  }
};

struct VpSigmoid {
  template <class T>
  LevelOf<T> operator()(const T& t) const {
    constexpr double kEnd = 3.0;
    const double top = 1.0 / (1.0 + std::exp(-kEnd)), range = 2.0 * top - 1.0;
    const T at = 1.0 / (1.0 + exp(kEnd - 2.0 * kEnd * t));
    const T signal = sqrt((top - at) / range);
    return variance_preserving<T>(signal, -kEnd / range * at * (1.0 - at) / signal);
  }
};

template <class Vp>
struct SubVp {
  Vp vp;
  template <class T>
  LevelOf<T> operator()(const T& t) const {
    const auto level = vp(t);
    return {level.signal, level.noise * level.noise, level.signal_slope,
            -2.0 * level.signal * level.signal_slope};
  }
};

struct VarianceExploding {
  double sigma_min, log_ratio;
  template <class T>
  LevelOf<T> operator()(const T& t) const {
    const T noise = sigma_min * exp(log_ratio * t);
    return {0.0 * t + 1.0, noise, 0.0 * t, log_ratio * noise};
  }
};

struct StraightPath {
  template <class T>
  LevelOf<T> operator()(const T& t) const {
    return {1.0 - t, 1.0 * t, 0.0 * t - 1.0, 0.0 * t + 1.0};
  }
};

struct Range {
  double first_time = 1.0, last_time = 0.0, prior_sd = 1.0, sampled_until = 0.0;
};

template <class Formula>
class Continuous : public Process {
 public:
  Continuous(Formula formula, const Range& range) : formula_(std::move(formula)) {
    first_time_ = range.first_time;
    last_time_ = range.last_time;
    sampled_until_ = std::max(range.last_time, range.sampled_until);
    prior_sd_ = range.prior_sd;
  }
  Marginal at(double t) const override { return formula_(t); }
  Level at(const torch::Tensor& t) const override { return formula_(t); }

 private:
  Formula formula_;
};

class Exploding final : public Continuous<VarianceExploding> {
 public:
  /// told: how many times ln σ the network is told; 0: it is told t.
  Exploding(const VarianceExploding& formula, const Range& range, double told)
      : Continuous<VarianceExploding>(formula, range), sigma_(formula), told_(told) {}
  torch::Tensor time_of_log_noise(const torch::Tensor& log_noise) const override {
    return (log_noise - std::log(sigma_.sigma_min)) / sigma_.log_ratio;
  }
  torch::Tensor network_time(const torch::Tensor& t, const Level& level) const override {
    return told_ > 0.0 ? told_ * level.noise.log() : t;
  }

 private:
  VarianceExploding sigma_;
  double told_;
};

class Straight final : public Continuous<StraightPath> {
 public:
  using Continuous<StraightPath>::Continuous;
  torch::Tensor time_of_log_noise(const torch::Tensor& log_noise) const override {
    return log_noise.sigmoid();
  }
};

template <class Formula>
std::unique_ptr<Process> continuous(const Formula& formula, const Range& range) {
  return std::make_unique<Continuous<Formula>>(formula, range);
}

// Before it the score of VP processes grows without bound (Song et al. 2021, appendix C).
constexpr double kLeastVpTime = 1e-3;
constexpr double kLastCosineTime = 0.9946;

Range range_of(const ProcessSettings& settings, double first_time = 1.0) {
  return {.first_time = first_time,
          .last_time = settings.least_time > 0.0 ? settings.least_time : kLeastVpTime,
          .sampled_until = settings.sampled_until};
}

template <template <class> class Wrap>
std::unique_ptr<Process> scheduled(const ProcessSettings& settings) {
  const Range range = range_of(settings), short_of_noise = range_of(settings, kLastCosineTime);
  switch (settings.schedule) {
    case VpSchedule::kCosine:
      return continuous(Wrap<VpCosine>{}, short_of_noise);
    case VpSchedule::kSigmoid:
      return continuous(Wrap<VpSigmoid>{}, short_of_noise);
    case VpSchedule::kLinear:
      break;
  }
  return continuous(Wrap<VpLinear>{VpLinear{{settings.beta_min, settings.beta_max}}}, range);
}

template <class Vp>
struct AsItIs : Vp {};

std::unique_ptr<Process> vp(const ProcessSettings& settings) { return scheduled<AsItIs>(settings); }
std::unique_ptr<Process> sub_vp(const ProcessSettings& settings) {
  return scheduled<SubVp>(settings);
}

std::unique_ptr<Process> exploding(const ProcessSettings& settings, double least, double largest,
                                   double told) {
  if (settings.sigma_min > 0.0) least = settings.sigma_min;
  if (settings.sigma_max > 0.0) largest = settings.sigma_max;
  return std::make_unique<Exploding>(VarianceExploding{least, std::log(largest / least)},
                                     Range{.prior_sd = largest}, told);
}

std::unique_ptr<Process> ve(const ProcessSettings& settings) {
  return exploding(settings, 0.01, 50.0, settings.tells_log_noise ? 1.0 : 0.0);
}
std::unique_ptr<Process> edm(const ProcessSettings& settings) {
  return exploding(settings, 0.002, 80.0, 0.25);
}
std::unique_ptr<Process> ot(const ProcessSettings& settings) {
  return std::make_unique<Straight>(StraightPath{}, range_of(settings));
}

class Grid final : public Process {
 public:
  Grid(const NoiseSchedule& schedule, torch::Device device)
      : alpha_bar_(schedule),
        tensor_(at::tensor(at::ArrayRef<double>(schedule), at::kDouble).to(device)),
        falls_(at::tensor(at::ArrayRef<double>(falls()), at::kDouble).to(device)) {
    first_time_ = static_cast<double>(timesteps() - 1) / static_cast<double>(timesteps());
  }
  Marginal at(double t) const override {
    const auto i = std::llround(t * static_cast<double>(timesteps()));
    TORCH_CHECK(i >= 0 && i < timesteps(), "time ", t, " is none of ", timesteps(), " timesteps");
    const double alpha_bar = alpha_bar_[static_cast<std::size_t>(i)];
    return {std::sqrt(alpha_bar), std::sqrt(1.0 - alpha_bar), kNan, kNan};
  }
  Level at(const torch::Tensor& t) const override {
    const auto alpha_bar = looked_up(tensor_, t);
    return {alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt()};
  }
  torch::Tensor snr_fall(const torch::Tensor& t, const Level&) const override {
    return looked_up(falls_, t);
  }
  std::int64_t timesteps() const override { return static_cast<std::int64_t>(alpha_bar_.size()); }

 private:
  torch::Tensor looked_up(const torch::Tensor& table, const torch::Tensor& t) const {
    const auto i = (t * static_cast<double>(timesteps())).round().to(at::kLong);
    return table.to(t.device()).index_select(0, i.reshape({-1})).view(t.sizes());
  }
  std::vector<double> falls() const {
    const auto snr = [&](std::size_t i) { return alpha_bar_[i] / (1.0 - alpha_bar_[i]); };
    std::vector<double> all;
    for (std::size_t i = 0; i < alpha_bar_.size(); ++i) {
      all.push_back(i > 0 ? snr(i - 1) - snr(i) : first_fall());
    }
    return all;
  }
  // 1/β̃_2, and of a single step what its own β makes of it.
  double first_fall() const {
    if (alpha_bar_.size() < 2) return 1.0 / (1.0 - alpha_bar_[0]);
    const double beta = 1.0 - alpha_bar_[1] / alpha_bar_[0];
    return (1.0 - alpha_bar_[1]) / (beta * (1.0 - alpha_bar_[0]));
  }

  std::vector<double> alpha_bar_;
  torch::Tensor tensor_, falls_;
};

}  // namespace

double half_log_snr(const Marginal& level) { return std::log(level.signal / level.noise); }

// With σ σ' and α α' of d(α²/σ²)/dt: −dSNR/dt = 2 α (α σ' − α' σ)/σ³.
torch::Tensor Process::snr_fall(const torch::Tensor&, const Level& level) const {
  return 2.0 * level.signal *
         (level.signal * level.noise_slope - level.signal_slope * level.noise) /
         (level.noise * level.noise * level.noise);
}

torch::Tensor Process::time_of_log_noise(const torch::Tensor&) const {
  TORCH_CHECK(false, "no closed form of the time of a noise level");
}

double Process::time_of(double half_log_snr_wanted) const {
  // EDM's churn raises the noise above that of the first time.
  constexpr double kBeyond = 0.1;
  double clear = last_time(), noisy = first_time() + (timesteps() > 0 ? 0.0 : kBeyond);
  while (true) {
    const double middle = 0.5 * (clear + noisy);
    if (middle <= clear || middle >= noisy) return middle;
    (half_log_snr(at(middle)) > half_log_snr_wanted ? clear : noisy) = middle;
  }
}

std::unique_ptr<Process> grid_process(const NoiseSchedule& schedule, torch::Device device) {
  return std::make_unique<Grid>(schedule, device);
}

const Choices<ContinuousProcess>& continuous_processes() {
  static const Choices<ContinuousProcess> all = {
      {"vp", {"Song et al. 2021, eq. 11", vp}},
      {"sub_vp", {"Song et al. 2021, eq. 29", sub_vp}},
      {"ve", {.paper = "Song et al. 2021, eq. 30", .make = ve, .inverts_log_noise = true}},
      {"edm", {.paper = "Karras et al. 2022, table 1", .make = edm, .inverts_log_noise = true}},
      {"ot",
       {.paper = "Lipman et al. 2023, eq. 20",
        .make = ot,
        .reaches_pure_noise = true,
        .inverts_log_noise = true}}};
  return all;
}

}  // namespace assay
