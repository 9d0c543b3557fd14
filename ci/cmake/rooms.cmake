# Functions that keep the top-level list to one line per room.

set(ASSAY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)

# With every file by itself, LibTorch's headers cost each of them 2 to 5 s that are not its own: whatever they instantiate is
# instantiated again. A batch of several files pays once. Neighbours in a list lie in different batches, for pages of one folder
# like to give their helpers the same names; if two names of a batch do clash, rename one.
option(ASSAY_BATCHES "compile several files of a room as one" ON)

# assay_room(NAME DIR folder SOURCES a.cpp … [PURE b.cpp …] LINK targets … [HEADER tensor|module] [BATCHES n]
# [PURE_BATCHES n]): static library assay_NAME, alias assay::NAME. HEADER names the precompiled LibTorch header its files start
# from (ci/cmake/libtorch.cmake); PURE files know tensors but no modules, and start from the smaller one.
function(assay_room name)
  cmake_parse_arguments(ROOM "" "DIR;HEADER;BATCHES;PURE_BATCHES" "SOURCES;PURE;LINK" ${ARGN})
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
  assay_batches(assay_${name} "${ROOM_BATCHES}" "${ROOM_SOURCES}")
  if(ROOM_PURE)
    list(TRANSFORM ROOM_PURE PREPEND "${ROOM_DIR}/")
    add_library(assay_${name}_pure OBJECT ${ROOM_PURE})
    target_include_directories(assay_${name}_pure PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
    target_compile_options(assay_${name}_pure PRIVATE ${ASSAY_WARNINGS})
    target_link_libraries(assay_${name}_pure PRIVATE ${ROOM_LINK})
    assay_use_torch_header(assay_${name}_pure tensor)
    assay_batches(assay_${name}_pure "${ROOM_PURE_BATCHES}" "${ROOM_PURE}")
    target_sources(assay_${name} PRIVATE $<TARGET_OBJECTS:assay_${name}_pure>)
  endif()
endfunction()

# Deals a target's files out to so many batches, one after the other; those with options of their own stay by themselves.
function(assay_batches target count sources)
  if(NOT ASSAY_BATCHES OR NOT count)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # It is of types that a header, not a file, would keep to itself.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  set(place 0)
  foreach(source IN LISTS sources)
    math(EXPR batch "${place} % ${count}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${batch})
    math(EXPR place "${place} + 1")
  endforeach()
endfunction()

# assay_room_test(NAME SOURCES a.cpp … LINK targets … [HEADER …] [LABELS gpu] [TIMEOUT seconds] [ONE_THREAD]): one test binary
# per room, tests found by CTest, each stopped after TIMEOUT (60). ONE_THREAD for rooms of small networks: CTest runs as many
# tests at once as there are cores, and two threads that wait for each other there were seven times slower than one.
function(assay_room_test name)
  cmake_parse_arguments(ROOM "ONE_THREAD" "HEADER;TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ROOM_TIMEOUT)
    set(ROOM_TIMEOUT 60)
  endif()
  # gtest_discover_tests() drops empty values, so that a property without one would take the next one's name.
  set(properties TIMEOUT ${ROOM_TIMEOUT})
  if(ROOM_LABELS)
    list(APPEND properties LABELS "${ROOM_LABELS}")
  endif()
  if(ROOM_ONE_THREAD)
    list(APPEND properties ENVIRONMENT OMP_NUM_THREADS=1)
  endif()
  list(TRANSFORM ROOM_SOURCES PREPEND "${PROJECT_SOURCE_DIR}/tests/")
  add_executable(${name}_test ${ROOM_SOURCES})
  target_compile_options(${name}_test PRIVATE ${ASSAY_WARNINGS})
  target_compile_definitions(${name}_test PRIVATE ASSAY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name}_test PRIVATE ${ROOM_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  assay_use_torch_header(${name}_test "${ROOM_HEADER}")
  gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
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
