# Writes OUT, the C++ file that says which commit of the checkout ROOT is being built: cmake -DROOT=… -DOUT=… -P build_commit.cmake
# 40 hex digits; "+" and the first 12 of the SHA-256 of the difference where what is compiled differs from that commit;
# "unknown" outside a git checkout. Beside it a digest of all sources that can move a number, tracked or not: a commit that
# touches reports, the command line or a README leaves it alone.
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
set(code "")
foreach(room src/core src/config src/data src/kernels src/nn src/families src/harness metrics)
  file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${room}/*.h" "${ROOT}/${room}/*.cpp" "${ROOT}/${room}/*.cu")
  list(SORT files)
  foreach(file IN LISTS files)
    file(SHA256 "${ROOT}/${file}" digest)
    string(APPEND code "${digest}  ${file}\n")
  endforeach()
endforeach()
string(SHA256 code "${code}")
file(CONFIGURE OUTPUT "${OUT}" @ONLY CONTENT [[
#include "harness/build_commit.h"

namespace assay {

const std::string_view kBuildCommit = "@commit@";
const std::string_view kCodeDigest = "@code@";

}  // namespace assay
]])
