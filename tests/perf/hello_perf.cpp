// SPDX-License-Identifier: Apache-2.0
// From process start to one product of matrices: what ci/perf's row process_start times.
#include <ATen/ATen.h>

#include <cstdio>

int main() {
  const auto a = at::ones({256, 256});
  std::printf("%.0f\n", at::mm(a, a).sum().item<double>());
}
