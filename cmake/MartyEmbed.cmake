# marty_embed(): puts files into a library or program, compressed with gzip -9 at build time.
#
#   marty_embed(marty_web NAME docs_assets NAMESPACE marty::web::internal
#     FILES ${PROJECT_SOURCE_DIR}/node_modules/redoc/bundles/redoc.standalone.js swagger.css=assets/main.css)
#
# Then a source of that target writes
#
#   #include "embedded/docs_assets.hpp"
#   for (const marty::EmbeddedFile& file : docs_assets()) serve(file.name, file.content, file.encoding, file.etag);
#
# NAME        the function that gives the files in their order: std::span<const marty::EmbeddedFile> NAME();
# NAMESPACE   its namespace (default: marty)
# FILES       paths, absolute or from this folder; NAME=PATH gives another name than the path's last part
#
# EmbeddedFile is described in marty/base/embedded_file.hpp. Only the gzip form is kept (browsers offer brotli over TLS
# only); a file that gzip does not shrink is kept as it is. The same input gives the same bytes. Files are taken in by
# the assembler (.incbin), so megabytes cost milliseconds.

set(MARTY_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/embed.cmake")

function(marty_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;NAMESPACE" "FILES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_FILES)
    message(FATAL_ERROR "marty_embed(${target}): give NAME and FILES, and only NAMESPACE else "
      "(got: ${arg_UNPARSED_ARGUMENTS})")
  endif()
  if(NOT arg_NAMESPACE)
    set(arg_NAMESPACE marty)
  endif()

  set(names)
  set(paths)
  foreach(file IN LISTS arg_FILES)
    if(NOT file MATCHES "^([^=]+)=(.+)$")
      cmake_path(GET file FILENAME name)
      set(file "${name}=${file}")
    endif()
    string(REGEX MATCH "^([^=]+)=(.+)$" file "${file}")
    set(name "${CMAKE_MATCH_1}")
    cmake_path(ABSOLUTE_PATH CMAKE_MATCH_2 NORMALIZE OUTPUT_VARIABLE path)
    if(NOT EXISTS "${path}")
      message(FATAL_ERROR "marty_embed(${target}): there is no file ${path}. "
        "The assets of the docs pages come from npm: run `make run`, `make test` or scripts/setup "
        "in ${PROJECT_SOURCE_DIR} once, or configure with -DMARTY_DOCS_UI=OFF to leave the docs pages out.")
    endif()
    list(APPEND names "${name}")
    list(APPEND paths "${path}")
  endforeach()

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/embedded")
  add_custom_command(
    OUTPUT "${folder}/${arg_NAME}.cpp" "${folder}/${arg_NAME}.hpp"
    COMMAND "${CMAKE_COMMAND}" "-Dfolder=${folder}" "-Dfunction=${arg_NAME}" "-Dnamespace=${arg_NAMESPACE}"
      "-Dnames=${names}" "-Dpaths=${paths}" -P "${MARTY_EMBED_SCRIPT}"
    DEPENDS ${paths} "${MARTY_EMBED_SCRIPT}"
    COMMENT "Embedding ${arg_NAME}" VERBATIM)
  target_sources(${target} PRIVATE "${folder}/${arg_NAME}.cpp" "${folder}/${arg_NAME}.hpp")
  # Link-time optimisation, where a user turns it on, loses the symbols of assembler text.
  set_source_files_properties("${folder}/${arg_NAME}.cpp" PROPERTIES COMPILE_OPTIONS -fno-lto)
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
