# assay::torch from the unpacked torch wheel at ASSAY_LIBTORCH (the folder that holds include/ and lib/).
# A CPU build links libtorch_cpu and libc10 only; find_package(Torch) would demand CUDA and link all of it.
if(NOT EXISTS "${ASSAY_LIBTORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "ASSAY_LIBTORCH=${ASSAY_LIBTORCH} holds no lib/libtorch_cpu.so.\n"
                      "Run ./assay once: it fetches LibTorch and configures this build, or point ASSAY_LIBTORCH at the "
                      "torch folder of an unpacked torch 2.11.0 wheel.")
endif()

add_library(assay_torch INTERFACE)
add_library(assay::torch ALIAS assay_torch)
target_include_directories(assay_torch SYSTEM INTERFACE
  ${ASSAY_LIBTORCH}/include ${ASSAY_LIBTORCH}/include/torch/csrc/api/include)
target_compile_definitions(assay_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
# LibTorch's headers bring their own fmt, newer than the system's library; header-only, it costs each file 2 s.
add_library(assay_torch_fmt STATIC ${PROJECT_SOURCE_DIR}/ci/cmake/torch_fmt.cpp)
target_include_directories(assay_torch_fmt SYSTEM PRIVATE ${ASSAY_LIBTORCH}/include)
target_link_libraries(assay_torch INTERFACE assay_torch_fmt)
# The wheel's own OpenMP runtime: one copy in the process.
target_link_libraries(assay_torch INTERFACE
  ${ASSAY_LIBTORCH}/lib/libtorch_cpu.so ${ASSAY_LIBTORCH}/lib/libc10.so ${ASSAY_LIBTORCH}/lib/libgomp.so.1)
target_link_options(assay_torch INTERFACE
  -Wl,--disable-new-dtags -Wl,-rpath,${ASSAY_LIBTORCH}/lib -Wl,--allow-shlib-undefined
  -Wl,-rpath-link,${ASSAY_LIBTORCH}/lib)

if(ASSAY_CUDA)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75 80 90)  # Turing and newer, as LibTorch; later ones translate the last
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  target_compile_definitions(assay_torch INTERFACE ASSAY_CUDA=1)
  target_include_directories(assay_torch SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(assay_torch INTERFACE
    -Wl,--no-as-needed ${ASSAY_LIBTORCH}/lib/libtorch_cuda.so ${ASSAY_LIBTORCH}/lib/libc10_cuda.so -Wl,--as-needed
    CUDA::cudart)
endif()

# Two precompiled headers, because loading one costs every file that starts from it: tensors 1.6 s, modules 4 s (450 and
# 700 MB). Compiled with the rooms' own flags, or GCC refuses them.
function(assay_torch_header name)
  add_library(assay_${name}_header STATIC ${PROJECT_SOURCE_DIR}/ci/cmake/precompiled.cpp)
  target_link_libraries(assay_${name}_header PUBLIC assay::torch)
  target_compile_options(assay_${name}_header PRIVATE ${ASSAY_WARNINGS})
  target_precompile_headers(assay_${name}_header PRIVATE ${ARGN})
endfunction()
assay_torch_header(tensor <torch/types.h>)
assay_torch_header(module <torch/autograd.h> <torch/nn.h> <torch/utils.h>)
