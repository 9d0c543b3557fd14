// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace assay {

/// ᾱ_t of T steps, t = 0 … T−1: how much of the signal's power is left after step t (Ho et al.
/// 2020, eq. 4). Falls strictly; in (0,1), but for the 0 at the end of a rescaled one.
using NoiseSchedule = std::vector<double>;

/// ᾱ_t = Π_{s≤t} (1 − β_s) with β on a line from 1e-4 to 0.02, both times 1000/T (Ho et al. 2020,
/// sec. 4, for T = 1000; the scaling to other T is Nichol & Dhariwal's). Throws c10::Error if that
/// makes β_{T−1} reach 1: for T ≤ 20.
NoiseSchedule linear_schedule(std::int64_t timesteps);

/// ᾱ_t = Π_{s≤t} (1 − β_s) with √β on a line from √first to √last, whatever T (Rombach et al. 2022:
/// make_beta_schedule of their code, whose "linear" it is). Throws c10::Error unless T > 1 and
/// 0 < first ≤ last < 1.
NoiseSchedule scaled_linear_schedule(std::int64_t timesteps, double first, double last);

/// ᾱ_t = f(t+1)/f(0), f(u) = cos²((u/T + s)/(1 + s) · π/2), s = 0.008, with β_t = 1 − ᾱ_t/ᾱ_{t−1}
/// at most 0.999 (Nichol & Dhariwal 2021, eq. 17).
NoiseSchedule cosine_schedule(std::int64_t timesteps);

/// ᾱ_t = f(t+1), f(u) = (S(3) − S(6u/T − 3))/(S(3) − S(−3)), S the logistic function, with β_t at
/// most 0.999 (Jabri et al. 2022 with start −3, end 3, τ = 1; the bound on β replaces theirs on ᾱ).
NoiseSchedule sigmoid_schedule(std::int64_t timesteps);

/// √ᾱ_t shifted and scaled so that ᾱ_{T−1} = 0 and ᾱ_0 stays (Lin et al. 2023, Common Diffusion
/// Noise Schedules and Sample Steps are Flawed, algorithm 1). Throws c10::Error for T = 1.
NoiseSchedule with_zero_terminal_snr(const NoiseSchedule& schedule);

}  // namespace assay
