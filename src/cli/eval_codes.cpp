// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_codes.h"

#include <fmt/format.h>

#include <cstdint>

#include "core/error.h"

namespace assay {
namespace {

at::Tensor npz_factors(const NpzArrays& arrays, const std::string& label) {
  const auto found = arrays.find("factors");
  if (found == arrays.end()) return {};
  const at::Tensor& array = found->second;
  const bool whole = array.scalar_type() == at::kLong || array.scalar_type() == at::kByte;
  if (!whole || array.dim() != 2 || array.numel() == 0) {
    throw Error(fmt::format(
        "{}: its factors are {} {}; whole numbers, int64 or uint8 [N,F], are needed: the place of "
        "each value among the factor's values, from 0",
        label, c10::toString(array.scalar_type()), c10::str(array.sizes())));
  }
  const auto factors = array.to(at::kLong);
  if (factors.min().item<std::int64_t>() < 0) {
    throw Error(fmt::format("{}: holds a negative factor; values count from 0", label));
  }
  return factors;
}

}  // namespace

CodesAndFactors npz_codes(const NpzArrays& arrays, const std::string& label) {
  CodesAndFactors found;
  found.codes = npz_rows(arrays, "codes", label).value_or(at::Tensor());
  found.logvar = npz_rows(arrays, "codes_logvar", label).value_or(at::Tensor());
  found.factors = npz_factors(arrays, label);
  if (!found.codes.defined() && (found.logvar.defined() || found.factors.defined())) {
    throw Error(fmt::format("{}: holds {}, but no 'codes' (float [N,L]) beside them", label,
                            found.factors.defined() ? "factors" : "codes_logvar"));
  }
  if (found.logvar.defined() && found.logvar.sizes() != found.codes.sizes()) {
    throw Error(fmt::format("{}: its codes are {}, its codes_logvar {}; each code needs its own",
                            label, c10::str(found.codes.sizes()), c10::str(found.logvar.sizes())));
  }
  if (found.factors.defined() && found.factors.size(0) != found.codes.size(0)) {
    throw Error(
        fmt::format("{}: holds {} rows of codes, but {} of factors; each row of both is of "
                    "one image",
                    label, found.codes.size(0), found.factors.size(0)));
  }
  return found;
}

void check_codes(const Metric& metric, const CodesAndFactors& codes, const std::string& label) {
  const auto refuse = [&](const char* what) {
    throw Error(fmt::format("{}: needs {} in --generated; {} has none", metric.name, what, label));
  };
  if (!codes.codes.defined()) refuse("an .npz with 'codes' (float [N,L])");
  if (needs_posteriors(metric.needs) && !codes.logvar.defined()) {
    refuse("'codes_logvar' (float [N,L]), the log-variances of posteriors,");
  }
  if (needs_factors(metric.needs) && !codes.factors.defined()) {
    refuse("'factors' (int64 [N,F]), what the images were made of,");
  }
}

}  // namespace assay
