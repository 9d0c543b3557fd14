// SPDX-License-Identifier: Apache-2.0
// What a diffusion model's definition may not compose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "families/diffusion/diffusion.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& toml) {
  try {
    check_diffusion(resolve_text("family = 'diffusion'\n" + toml, "here.toml", family_schema, {}));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DiffusionCheck, ASamplerHasSomethingToDo) {
  const std::string pc = "objective.process = 've'\nsampler.name = 'predictor_corrector'\n";
  EXPECT_EQ(refusal(pc + "sampler.predictor = 'none'\n"), "");
  EXPECT_EQ(refusal(pc + "sampler.corrector = 'none'\n"), "");
  EXPECT_THAT(refusal(pc + "sampler.predictor = 'none'\nsampler.corrector = 'none'\n"),
              HasSubstr("stay the noise"));
  const std::string churn =
      "objective.process = 'edm'\nsampler.name = 'edm_heun'\nsampler.spacing = 'karras'\n"
      "sampler.s_churn = 10\nsampler.s_tmin = 2\n";
  EXPECT_EQ(refusal(churn), "");
  EXPECT_THAT(refusal(churn + "sampler.s_tmax = 1\n"), HasSubstr("no noise to churn at"));
}

TEST(DiffusionCheck, AConditionIsToldAtTimes) {
  EXPECT_EQ(refusal("model.conditional = true\nobjective.p_uncond = 0.99\n"), "");
  EXPECT_THAT(refusal("model.conditional = true\nobjective.p_uncond = 1\n"),
              HasSubstr("never learns one"));
}

TEST(DiffusionCheck, TheBoundIsOfEvenTimes) {
  const std::string vlb = "objective.process = 've'\nobjective.weighting = 'vlb'\n";
  EXPECT_EQ(refusal(vlb), "");
  EXPECT_THAT(refusal(vlb + "objective.time_sampling = 'log_normal'\n"),
              HasSubstr("evenly drawn times"));
}

}  // namespace
}  // namespace assay
