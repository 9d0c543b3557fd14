// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "config/choices.h"
#include "families/diffusion/noise_schedule.h"

namespace assay {

/// What x_t = α x_0 + σ ε holds of an example x_0 and of standard normal noise ε, and how fast
/// both change with t.
template <class T>
struct LevelOf {
  T signal;              ///< α
  T noise;               ///< σ
  T signal_slope = T();  ///< dα/dt; undefined, or NaN, on a grid
  T noise_slope = T();   ///< dσ/dt
};
using Level = LevelOf<torch::Tensor>;
using Marginal = LevelOf<double>;

/// No noise at all: where the last step of every sampler leads.
inline constexpr Marginal kClean = {.signal = 1.0, .noise = 0.0};

/// log(α/σ), half the logarithm of the signal-to-noise ratio; −∞ where no signal is left.
double half_log_snr(const Marginal& level);

/// A forward process with the marginals q(x_t|x_0) = N(α x_0, σ² I), t in [0,1] from data to noise.
/// α/σ falls strictly.
class Process {
 public:
  virtual ~Process() = default;
  virtual Marginal at(double t) const = 0;
  /// t: f64, any shape, which the levels have.
  virtual Level at(const torch::Tensor& t) const = 0;
  /// −dSNR/dt with SNR = α²/σ² (Kingma et al. 2021, eq. 15); on a grid how much it falls in the
  /// step that ends at t. t: f64; returns its shape. `level`: at(t), here and below.
  virtual torch::Tensor snr_fall(const torch::Tensor& t, const Level& level) const;
  /// What the network is told of t. t: f64; returns f64.
  virtual torch::Tensor network_time(const torch::Tensor& t, const Level& /*level*/) const {
    return t;
  }
  /// The time at which log(σ/α) has the given values, f64, past the ends of [0,1] where there is
  /// such a time. Throws c10::Error where no closed form is known: ContinuousProcess says so.
  virtual torch::Tensor time_of_log_noise(const torch::Tensor& log_noise) const;
  /// The time of a log(α/σ) from last_time() to a little beyond first_time(), by bisection.
  double time_of(double half_log_snr) const;

  /// T of a grid, whose times are i/T, i = 0 … T − 1; 0: time is continuous.
  virtual std::int64_t timesteps() const { return 0; }
  double first_time() const { return first_time_; }        ///< the noisiest: where samplers begin
  double last_time() const { return last_time_; }          ///< the least noisy that is trained on
  double sampled_until() const { return sampled_until_; }  ///< where samplers end, no earlier
  double prior_sd() const { return prior_sd_; }            ///< samplers begin with N(0, this² I)

 protected:
  double first_time_ = 1.0, last_time_ = 0.0, sampled_until_ = 0.0, prior_sd_ = 1.0;
};

/// The times i/T of a table ᾱ: α = √ᾱ, σ = √(1 − ᾱ) (Ho et al. 2020, eq. 4). The fall of the first
/// step's SNR, from ∞, is what the variance of the second makes of it: 1/β̃_2 (Nichol & Dhariwal
/// 2021, sec. 3.1). `device`: where tensors of times will lie.
std::unique_ptr<Process> grid_process(const NoiseSchedule& schedule, torch::Device device);

/// α of the variance-preserving processes.
enum class VpSchedule { kLinear, kCosine, kSigmoid };

/// What single processes take.
struct ProcessSettings {
  VpSchedule schedule = VpSchedule::kLinear;  ///< of vp and sub_vp
  double beta_min = 0.1, beta_max = 20;       ///< of the linear schedule
  double sigma_min = 0, sigma_max = 0;        ///< of ve and edm; 0: the papers'
  bool tells_log_noise = false;               ///< ve: the network is told ln σ instead of t
  double least_time = 0;                      ///< last_time() of vp, sub_vp and ot; 0: 10⁻³
  double sampled_until = 0;                   ///< 0: last_time()
};

/// A process of continuous time.
struct ContinuousProcess {
  std::string_view paper;
  std::unique_ptr<Process> (*make)(const ProcessSettings& settings);
  bool reaches_pure_noise = false;  ///< α(1) = 0
  bool inverts_log_noise = false;   ///< it has a time_of_log_noise
};

/// All of them, by the names that objective.process takes:
///   vp      α² + σ² = 1. linear: α² = exp(−β_min t − ½ (β_max − β_min) t²) (Song et al. 2021, eq.
///           33); cosine: α = cos(φ(t))/cos(φ(0)), φ = ½π (t + s)/(1 + s), s = .008 (Nichol &
///           Dhariwal 2021), up to t = .9946 (Lu et al. 2022, DPM-Solver, appendix D.3); sigmoid
///           as in noise_schedule.h
///   sub_vp  the α of vp, σ = 1 − α² (Song et al. 2021, eq. 29)
///   ve      α = 1, σ = σ_min (σ_max/σ_min)^t, from .01 to 50 (Song et al. 2021, eq. 30)
///   edm     the same from .002 to 80; the network is told ¼ ln σ (Karras et al. 2022, table 1)
///   ot      α = 1 − t, σ = t: straight paths (Lipman et al. 2023, eq. 20, with σ_min = 0)
const Choices<ContinuousProcess>& continuous_processes();

}  // namespace assay
