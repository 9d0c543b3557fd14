// SPDX-License-Identifier: Apache-2.0
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

#include "cli/app.h"
#include "core/error.h"
#include "kernels/runtime/caching_allocator.h"

namespace {

// libgomp reads its wait policy when the process starts: two spinning threads on a shared core are
// up to 100 times slower than one. Started without the launcher, the program starts itself once
// more.
void require_passive_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);
}

int fail(const std::string& message, assay::ExitCode code) {
  fmt::print(stderr, "assay: {}\n", message);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  require_passive_waiting(argv);
  assay::install_caching_allocator();
  assay::App app;
  try {
    return app.run(argc, argv);
  } catch (const assay::Error& problem) {
    return fail(problem.what(), problem.code());
  } catch (const std::filesystem::filesystem_error& problem) {
    // A folder that is closed to us, a link in a circle, a current folder that is gone.
    return fail(
        fmt::format("{}: {}; mend that, or name another place",
                    problem.path1().empty() ? "the current folder" : problem.path1().string(),
                    problem.code().message()),
        assay::ExitCode::kUsage);
  } catch (const std::bad_alloc&) {
    return fail("out of memory; lower train.batch_size, eval.batch_size or --jobs",
                assay::ExitCode::kRunFailed);
  } catch (const c10::Error& problem) {
    const std::string what = app.common().debug ? problem.what() : problem.what_without_backtrace();
    return fail(fmt::format("internal error: {}\n(--debug shows all of it)", what),
                assay::ExitCode::kRunFailed);
  } catch (const std::exception& problem) {
    return fail(fmt::format("internal error: {}", problem.what()), assay::ExitCode::kRunFailed);
  }
}
