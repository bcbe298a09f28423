# The package file that find_package(marty) reads. The libraries are static, so what they link is found here.
include("${CMAKE_CURRENT_LIST_DIR}/MartyDependencies.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/marty-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/MartyProtobuf.cmake")
