// SPDX-License-Identifier: Apache-2.0
#include "metrics/images/attribute_accuracy.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "metrics/inputs.h"

namespace assay {

MetricValue compute_attribute_accuracy(const MetricInputs& inputs) {
  const auto &asked = inputs.labels.asked, &shown = inputs.labels.shown;
  if (!asked.defined() || !shown.defined() || asked.dim() != 2 || asked.size(0) < 2 ||
      asked.sizes() != shown.sizes()) {
    throw Error(
        "attribute_accuracy: needs what each sample was asked to show and what it shows, a row of "
        "attributes each for two samples or more; there are none or other numbers of them");
  }
  const Mean share = mean_of(asked.eq(shown).to(at::kDouble).mean(1));
  return scored(inputs, share,
                {.metric = "attribute_accuracy",
                 .estimator = "mean over attributes, of the nearest picture of the grid",
                 .n_generated = asked.size(0)});
}

}  // namespace assay
