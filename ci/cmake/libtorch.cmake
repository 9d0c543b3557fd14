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
# LibTorch's headers bring their own fmt, newer than the system's library.
target_compile_definitions(assay_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1 FMT_HEADER_ONLY=1)
# The wheel's own OpenMP runtime: one copy in the process.
target_link_libraries(assay_torch INTERFACE
  ${ASSAY_LIBTORCH}/lib/libtorch_cpu.so ${ASSAY_LIBTORCH}/lib/libc10.so ${ASSAY_LIBTORCH}/lib/libgomp.so.1)
target_link_options(assay_torch INTERFACE
  -Wl,--disable-new-dtags -Wl,-rpath,${ASSAY_LIBTORCH}/lib -Wl,--allow-shlib-undefined
  -Wl,-rpath-link,${ASSAY_LIBTORCH}/lib)

if(ASSAY_CUDA)
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  target_compile_definitions(assay_torch INTERFACE ASSAY_CUDA=1)
  target_include_directories(assay_torch SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(assay_torch INTERFACE
    -Wl,--no-as-needed ${ASSAY_LIBTORCH}/lib/libtorch_cuda.so ${ASSAY_LIBTORCH}/lib/libc10_cuda.so -Wl,--as-needed)
endif()

# One precompiled header for every target that links LibTorch; compiled with the rooms' own flags, or GCC refuses it.
add_library(assay_torch_header STATIC ${PROJECT_SOURCE_DIR}/ci/cmake/torch_header.cpp)
target_link_libraries(assay_torch_header PUBLIC assay::torch)
target_compile_options(assay_torch_header PRIVATE ${ASSAY_WARNINGS})
target_precompile_headers(assay_torch_header PRIVATE <torch/torch.h>)
