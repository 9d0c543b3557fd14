// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/choices.h"
#include "families/vae/observation_model.h"

namespace assay {

/// Whether q(z|x) is a point.
inline const Choices<bool> kPosteriors = {{"gaussian", false}, {"point", true}};
/// Whether p(z) is a mixture of the posteriors of pseudo-inputs.
inline const Choices<bool> kPriors = {{"standard_normal", false}, {"vamp", true}};
inline const Choices<Likelihood> kLikelihoods = {
    {"bernoulli", Likelihood::kBernoulli},
    {"gaussian", Likelihood::kGaussian},
    {"laplace", Likelihood::kLaplace},
    {"discretised_logistic", Likelihood::kDiscretisedLogistic}};
inline const Choices<LikelihoodScale> kScales = {{"fixed", LikelihoodScale::kFixed},
                                                 {"optimal", LikelihoodScale::kOptimal},
                                                 {"learned", LikelihoodScale::kLearned}};
/// Whether the bound is importance-weighted.
inline const Choices<bool> kBounds = {{"elbo", false}, {"iwae", true}};

}  // namespace assay
