# `cmake --install build/release --prefix DIR`: the metrics as a library for other programs, found there by
# find_package(assay COMPONENTS metrics). LibTorch stays where set-up put it.
include(GNUInstallDirs)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/assay)

set_target_properties(assay_torch PROPERTIES EXPORT_NAME torch)
install(TARGETS assay_core assay_kernels assay_nn assay_metrics assay_torch assay_torch_fmt EXPORT assay)
install(EXPORT assay FILE assayTargets.cmake NAMESPACE assay:: DESTINATION ${package})
foreach(room core kernels nn)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${room} DESTINATION include/assay FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/metrics DESTINATION include/assay FILES_MATCHING PATTERN "*.h")

include(CMakePackageConfigHelpers)
configure_package_config_file(${PROJECT_SOURCE_DIR}/ci/cmake/assayConfig.cmake.in
  ${PROJECT_BINARY_DIR}/assayConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/assayConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/assayConfig.cmake ${PROJECT_BINARY_DIR}/assayConfigVersion.cmake
        DESTINATION ${package})
