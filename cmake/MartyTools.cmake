# marty_needs_tools(): the foreign programs of scripts/tools.txt that a test needs. Said here and nowhere else:
# scripts/test gets what the tests that it runs need, and a test that asks for another tool fails.
#
#   marty_needs_tools(http2_h2spec h2spec)
#
# In the folder that added the test, once for each. The test looks with tool() of tests/support/peer.py.

function(marty_needs_tools test)
  set(list "${PROJECT_SOURCE_DIR}/scripts/tools.txt")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list}")
  foreach(tool IN LISTS ARGN)
    file(STRINGS "${list}" rows REGEX "^${tool} ")
    if(NOT rows)
      message(FATAL_ERROR "marty_needs_tools(${test}): scripts/tools.txt has no '${tool}'")
    endif()
    set_property(TEST ${test} APPEND PROPERTY LABELS "tool:${tool}")
  endforeach()
  list(JOIN ARGN "," tools)
  set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT "MARTY_TEST_TOOLS=${tools}")
endfunction()
