# Functions that keep the top-level list to one line per room.

set(ASSAY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)

# assay_room(NAME DIR folder SOURCES a.cpp … [PURE b.cpp …] LINK targets … [HEADER tensor|module]): static library
# assay_NAME, alias assay::NAME. HEADER names the precompiled LibTorch header its files start from
# (ci/cmake/libtorch.cmake); PURE files know tensors but no modules, and start from the smaller one.
function(assay_room name)
  cmake_parse_arguments(ROOM "" "DIR;HEADER" "SOURCES;PURE;LINK" ${ARGN})
  list(TRANSFORM ROOM_SOURCES PREPEND "${ROOM_DIR}/")
  add_library(assay_${name} STATIC ${ROOM_SOURCES})
  add_library(assay::${name} ALIAS assay_${name})
  target_include_directories(assay_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:include/assay>)
  set_target_properties(assay_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_options(assay_${name} PRIVATE ${ASSAY_WARNINGS})
  target_link_libraries(assay_${name} PUBLIC ${ROOM_LINK})
  assay_use_torch_header(assay_${name} "${ROOM_HEADER}")
  if(ROOM_PURE)
    list(TRANSFORM ROOM_PURE PREPEND "${ROOM_DIR}/")
    add_library(assay_${name}_pure OBJECT ${ROOM_PURE})
    target_include_directories(assay_${name}_pure PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
    target_compile_options(assay_${name}_pure PRIVATE ${ASSAY_WARNINGS})
    target_link_libraries(assay_${name}_pure PRIVATE ${ROOM_LINK})
    assay_use_torch_header(assay_${name}_pure tensor)
    target_sources(assay_${name} PRIVATE $<TARGET_OBJECTS:assay_${name}_pure>)
  endif()
endfunction()

# assay_room_test(NAME SOURCES a.cpp … LINK targets … [HEADER …] [LABELS gpu] [TIMEOUT seconds]): one test binary per room,
# tests found by CTest, each stopped after TIMEOUT (60).
function(assay_room_test name)
  cmake_parse_arguments(ROOM "" "HEADER;TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ROOM_TIMEOUT)
    set(ROOM_TIMEOUT 60)
  endif()
  list(TRANSFORM ROOM_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/tests/")
  add_executable(${name}_test ${ROOM_SOURCES})
  target_compile_options(${name}_test PRIVATE ${ASSAY_WARNINGS})
  target_compile_definitions(${name}_test PRIVATE ASSAY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name}_test PRIVATE ${ROOM_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  assay_use_torch_header(${name}_test "${ROOM_HEADER}")
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ROOM_TIMEOUT} LABELS "${ROOM_LABELS}")
endfunction()

function(assay_use_torch_header target header)
  if(header)
    target_precompile_headers(${target} REUSE_FROM assay_${header}_header)
  endif()
endfunction()

# assay_embed(TARGET FILE SYMBOL): compiles a text file into the target as `extern const std::string_view SYMBOL`.
function(assay_embed target file symbol)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.cpp")
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${PROJECT_SOURCE_DIR}/${file} -DOUT=${out} -DSYMBOL=${symbol}
            -P ${PROJECT_SOURCE_DIR}/ci/cmake/embed.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/ci/cmake/embed.cmake)
  target_sources(${target} PRIVATE ${out})
endfunction()
