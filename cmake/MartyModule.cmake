# marty_module(): the only way to add a library. One folder is one concept, one target, at most one third-party library.
#
#   marty_module(json LAYER 0 USES base reflect)
#   marty_module(config LAYER 1 USES base reflect PRIVATE_LIBRARIES yaml-cpp)
#
# LAYER              0 to 3, or "driver". A module uses lower layers, and modules of its own layer added before it.
# USES               other modules, without the marty:: prefix.
# PUBLIC_LIBRARIES   third-party targets whose headers stand in our public headers (Boost.PFR is the one case).
# PRIVATE_LIBRARIES  third-party targets that only our sources see.
#
# Sources are every *.cpp in the folder and its internal/; *_test.cpp become the test program marty_NAME_test,
# *_bench.cpp the benchmark program marty_NAME_bench. Each target is marty_NAME with the alias marty::NAME.

include(GNUInstallDirs)
include(MartyFlags)

function(marty_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LAYER" "USES;PUBLIC_LIBRARIES;PRIVATE_LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT DEFINED arg_LAYER)
    message(FATAL_ERROR "marty_module(${name}): give LAYER, and only USES, PUBLIC_LIBRARIES, PRIVATE_LIBRARIES "
      "(got: ${arg_UNPARSED_ARGUMENTS})")
  endif()
  marty_check_layer(${name} ${arg_LAYER} "${arg_USES}")

  file(GLOB sources CONFIGURE_DEPENDS "*.cpp" "internal/*.cpp")
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cpp$")

  if(MARTY_UNITY)
    marty_unite(sources)
  endif()
  list(TRANSFORM arg_USES PREPEND "marty::" OUTPUT_VARIABLE uses)
  add_library(marty_${name} STATIC ${sources})
  add_library(marty::${name} ALIAS marty_${name})
  set_target_properties(marty_${name} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME marty-${name})
  marty_include_folder(marty_${name} "${PROJECT_SOURCE_DIR}/src" "${CMAKE_INSTALL_INCLUDEDIR}")
  if(arg_LAYER STREQUAL "driver")
    marty_include_folder(marty_${name} "${PROJECT_SOURCE_DIR}/drivers" "${CMAKE_INSTALL_INCLUDEDIR}/marty/drivers")
  endif()
  target_link_libraries(marty_${name}
    PUBLIC ${uses} ${arg_PUBLIC_LIBRARIES} PRIVATE "$<BUILD_INTERFACE:marty_compiler_flags>" ${arg_PRIVATE_LIBRARIES})
  target_compile_features(marty_${name} PUBLIC cxx_std_23)
  set_property(GLOBAL APPEND PROPERTY MARTY_MODULES ${name})
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  list(JOIN arg_USES "," used)
  set_property(GLOBAL APPEND_STRING PROPERTY MARTY_MODULE_TABLE "${name} ${folder} ${arg_LAYER} ${used}\n")

  if(MARTY_TESTS AND tests)
    marty_test(marty_${name}_test SOURCES ${tests} LIBRARIES marty_${name} ${arg_PRIVATE_LIBRARIES})
  endif()
  if(MARTY_BENCH AND benches)
    find_package(benchmark REQUIRED)
    add_executable(marty_${name}_bench ${benches})
    target_link_libraries(marty_${name}_bench PRIVATE marty_${name} marty_compiler_flags benchmark::benchmark_main)
  endif()
  marty_install_module(${name})
endfunction()

# Replaces the sources of a module by a few that include them: most of a compiler's time goes into headers. So names in
# a module's sources differ, even where they are file-local. Paths are relative: one compiler cache serves all clones.
function(marty_unite list)
  set(united "")
  set(content "")
  set(count 0)
  list(LENGTH ${list} left)
  foreach(source IN LISTS ${list})
    file(RELATIVE_PATH path "${CMAKE_CURRENT_BINARY_DIR}" "${source}")
    string(APPEND content "#include \"${path}\"\n")
    math(EXPR count "${count} + 1")
    math(EXPR left "${left} - 1")
    if(count EQUAL 16 OR left EQUAL 0)
      list(LENGTH united number)
      set(file "${CMAKE_CURRENT_BINARY_DIR}/unity_${number}.cpp")
      file(CONFIGURE OUTPUT "${file}" CONTENT "${content}" @ONLY)
      list(APPEND united "${file}")
      set(content "")
      set(count 0)
    endif()
  endforeach()
  # GCC takes what is included for a header, where a type that holds a file-local one would be a fault.
  set_source_files_properties(${united} PROPERTIES COMPILE_OPTIONS -Wno-subobject-linkage)
  set(${list} ${united} PARENT_SCOPE)
endfunction()

# Where a module's headers are found. To a project that takes the sources in they are system headers, as they are once
# installed: the warnings that it asks for are about its own sources. Our own targets have the property MARTY_OWN.
function(marty_include_folder target folder installed)
  set(own "$<OR:$<BOOL:${PROJECT_IS_TOP_LEVEL}>,$<BOOL:$<TARGET_PROPERTY:MARTY_OWN>>>")
  set_target_properties(${target} PROPERTIES MARTY_OWN ON)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:$<${own}:${folder}>>" "$<INSTALL_INTERFACE:${installed}>")
  target_include_directories(${target} SYSTEM INTERFACE "$<BUILD_INTERFACE:$<$<NOT:${own}>:${folder}>>")
endfunction()

# One GoogleTest program, registered with ctest as a whole (its own cases are printed by GoogleTest).
function(marty_test target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} marty_compiler_flags GTest::gmock GTest::gtest_main)
  target_precompile_headers(${target} REUSE_FROM marty_test_headers)
  if(TARGET marty_log_check)
    target_link_libraries(${target} PRIVATE marty_log_check)
  endif()
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${target} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# Mistakes that the compiler has to name: `file` holds C++ that has one for each value of CASE from 1, and none for 0.
# What follows is the message of each case, in order.
function(marty_refusals name file)
  set(command ${CMAKE_CXX_COMPILER} -std=c++23 -fsyntax-only -I${PROJECT_SOURCE_DIR}/src
    -x c++ ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  add_test(NAME marty_${name}_refused_0 COMMAND ${command} -DCASE=0)
  set(case 0)
  foreach(message IN LISTS ARGN)
    math(EXPR case "${case} + 1")
    add_test(NAME marty_${name}_refused_${case} COMMAND ${command} -DCASE=${case})
    set_tests_properties(marty_${name}_refused_${case} PROPERTIES PASS_REGULAR_EXPRESSION "${message}")
  endforeach()
endfunction()

# GoogleTest's headers, compiled once for all test programs (7 s and 115 MB). Call it before the first module.
function(marty_test_headers)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/test_headers.cpp" CONTENT "")
  add_library(marty_test_headers OBJECT "${PROJECT_BINARY_DIR}/test_headers.cpp")
  target_link_libraries(marty_test_headers PRIVATE marty_compiler_flags GTest::gmock GTest::gtest)
  target_compile_features(marty_test_headers PRIVATE cxx_std_23)
  target_precompile_headers(marty_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <string> <vector>)
endfunction()

# Refuses a dependency that points up, sideways to a later module, or to something that is no module.
function(marty_check_layer name layer uses)
  set_property(GLOBAL PROPERTY MARTY_LAYER_${name} ${layer})
  foreach(used IN LISTS uses)
    get_property(used_layer GLOBAL PROPERTY MARTY_LAYER_${used})
    if("${used_layer}" STREQUAL "")
      message(FATAL_ERROR "marty_module(${name}): uses '${used}', which is no module added before it")
    elseif("${used_layer}" STREQUAL "driver" OR (NOT "${layer}" STREQUAL "driver" AND used_layer GREATER layer))
      message(FATAL_ERROR "marty_module(${name}): layer ${layer} must not use '${used}' of layer ${used_layer}")
    endif()
  endforeach()
endfunction()

# Writes the modules that were added, one a line (name, folder, layer, uses with commas), for the tidy test.
function(marty_write_module_table file)
  get_property(table GLOBAL PROPERTY MARTY_MODULE_TABLE)
  file(CONFIGURE OUTPUT "${file}" CONTENT "${table}" @ONLY)
endfunction()

function(marty_install_module name)
  if(NOT MARTY_INSTALL)
    return()
  endif()
  install(TARGETS marty_${name} EXPORT marty-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REGEX REPLACE "^src/" "" folder "${folder}")
  string(REGEX REPLACE "^drivers/" "marty/drivers/" folder "${folder}")
  file(GLOB headers CONFIGURE_DEPENDS "*.hpp")
  install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
endfunction()
