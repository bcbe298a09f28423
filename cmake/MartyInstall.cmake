# The CMake package: find_package(marty) gives marty::service and every other module as marty::<name>.
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/marty")
install(EXPORT marty-targets NAMESPACE marty:: DESTINATION "${package_folder}")
install(FILES "${CMAKE_CURRENT_LIST_DIR}/marty-config.cmake" "${CMAKE_CURRENT_LIST_DIR}/MartyDependencies.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/MartyProtobuf.cmake"
  DESTINATION "${package_folder}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE" "${PROJECT_SOURCE_DIR}/THIRD_PARTY.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/marty-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/marty-config-version.cmake" DESTINATION "${package_folder}")
