# Writes OUT, the C++ file that says which commit of the checkout ROOT is being built: cmake -DROOT=… -DOUT=… -P build_commit.cmake
# 40 hex digits; "+" and the first 12 of the SHA-256 of the difference where what is compiled differs from that commit;
# "unknown" outside a git checkout.
function(git out)
  execute_process(COMMAND git -C "${ROOT}" ${ARGN} OUTPUT_VARIABLE text ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(text "")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

git(top rev-parse --show-toplevel)
string(STRIP "${top}" top)
git(commit rev-parse HEAD)
string(STRIP "${commit}" commit)
file(REAL_PATH "${ROOT}" root)
if(NOT commit OR NOT top STREQUAL root)
  set(commit unknown)
else()
  git(difference diff HEAD -- CMakeLists.txt CMakePresets.json ci/cmake src metrics results reports)
  if(difference)
    string(SHA256 digest "${difference}")
    string(SUBSTRING "${digest}" 0 12 digest)
    string(APPEND commit "+${digest}")
  endif()
endif()
file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT [[
#include "harness/build_commit.h"

namespace assay {

const std::string_view kBuildCommit = "@commit@";

}  // namespace assay
]])
