// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "config/definition.h"
#include "families/diffusion/guidance.h"
#include "families/diffusion/loss_weighting.h"
#include "families/diffusion/process.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/time_distribution.h"
#include "families/trainable.h"
#include "nn/blocks/denoising_network.h"
#include "nn/blocks/dit.h"
#include "nn/blocks/time_mlp.h"
#include "nn/blocks/unet.h"

namespace assay {

/// What a definition's [model], [objective] and [sampler] tables name, of family diffusion or ddpm,
/// which lacks the keys of what it does not choose.

/// Of family ddpm, whose keys choose a grid and a U-Net alone.
bool is_ddpm(const Definition& definition);
/// Whether a switch is there and on.
bool says(const Definition& definition, std::string_view path);
/// 0 where the key is not there.
double number_or_none(const Definition& definition, std::string_view path);

bool has_unet(const Definition& definition);
bool has_dit(const Definition& definition);
/// Whether the network is told the data set's factors, one token each.
bool tells_attributes(const Definition& definition);
/// Whether paths begin at another set than N(0, I).
bool has_point_source(const Definition& definition);
/// Whether samples are made by the exact estimates of the training points.
bool has_exact_denoiser(const Definition& definition);
/// Throw Error for examples that they do not fit.
UNetOptions unet_options(const ModelArgs& args);
TimeMlpOptions mlp_options(const ModelArgs& args);
DiTOptions dit_options(const ModelArgs& args);
std::shared_ptr<DenoisingNetwork> denoising_network(const ModelArgs& args);

/// `device`: where tensors of times will lie.
std::unique_ptr<Process> process_of(const Definition& definition, torch::Device device);

LossWeightingSettings weighting_settings(const Definition& definition);
TimeSettings time_settings(const Definition& definition);

SamplerSettings sampler_settings(const Definition& definition);
/// sampler.steps, or all of a grid's.
std::int64_t sampler_steps(const Definition& definition);
/// The times that its steps begin at.
std::vector<double> sampler_times(const Definition& definition, const Process& process);
SamplerOptions sampler_options(const Definition& definition, const Process& process);

GuidanceOptions guidance_options(const Definition& definition);
/// How often a sample evaluates the network, counted on a run of the sampler with an estimate of 0.
/// Not for a sampler that chooses its own steps.
std::int64_t network_evaluations(const Definition& definition);

}  // namespace assay
