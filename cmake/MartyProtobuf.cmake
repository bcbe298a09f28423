# marty_protobuf(): protobuf messages (protoc) and services (protoc-gen-marty) as part of a target.
#
#   marty_protobuf(shop PROTOS proto/shop/v1/shop.proto ROOT proto)
#
# Then its sources, and those of targets that link it, write
#
#   #include "shop/v1/shop.marty.hpp"       // what shop.proto's services are, and "shop/v1/shop.pb.h" with its messages
#
# PROTOS    the files, below ROOT
# ROOT      where their names, and their imports of each other, begin (default: this folder)
# IMPORTS   further folders in which imports are found
function(marty_protobuf target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROOT" "PROTOS;IMPORTS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_PROTOS)
    message(FATAL_ERROR "marty_protobuf(${target}): give PROTOS, and only ROOT and IMPORTS else "
      "(got: ${arg_UNPARSED_ARGUMENTS})")
  endif()
  if(NOT arg_ROOT)
    set(arg_ROOT .)
  endif()
  cmake_path(ABSOLUTE_PATH arg_ROOT BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE root)
  set(imports "-I${root}")
  foreach(folder IN LISTS arg_IMPORTS)
    cmake_path(ABSOLUTE_PATH folder NORMALIZE)
    list(APPEND imports "-I${folder}")
  endforeach()
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}_protobuf")
  file(MAKE_DIRECTORY "${out}")
  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(ABSOLUTE_PATH proto NORMALIZE)
    file(RELATIVE_PATH name "${root}" "${proto}")
    if(name MATCHES "^\\.\\.")
      message(FATAL_ERROR "marty_protobuf(${target}): ${proto} is not below ${root}: give another ROOT")
    endif()
    string(REGEX REPLACE "\\.proto$" "" base "${out}/${name}")
    add_custom_command(OUTPUT "${base}.pb.cc" "${base}.pb.h" "${base}.marty.hpp"
      COMMAND protobuf::protoc ${imports} "--cpp_out=${out}"
        "--plugin=protoc-gen-marty=$<TARGET_FILE:marty::protoc-gen-marty>" "--marty_out=${out}" "${proto}"
      DEPENDS "${proto}" protobuf::protoc marty::protoc-gen-marty
      COMMENT "Generating ${name}: messages and services" VERBATIM)
    target_sources(${target} PRIVATE "${base}.pb.cc" "${base}.pb.h" "${base}.marty.hpp")
    set_source_files_properties("${base}.pb.cc" PROPERTIES COMPILE_OPTIONS -w)
  endforeach()
  get_target_property(type ${target} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL "EXECUTABLE")
    set(scope PRIVATE)
  endif()
  target_include_directories(${target} SYSTEM ${scope} "$<BUILD_INTERFACE:${out}>")
  target_link_libraries(${target} ${scope} marty::grpc protobuf::libprotobuf)
endfunction()
