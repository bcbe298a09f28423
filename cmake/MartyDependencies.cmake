# Every third-party library of the tree, in one place. All are Debian 12 packages (scripts/setup installs them).
# The installed package config includes this file too: static libraries hand their dependencies on.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(fmt)
find_dependency(Boost 1.81 COMPONENTS context)
find_dependency(yaml-cpp)
find_dependency(SQLite3)
find_dependency(OpenSSL)
find_dependency(ZLIB)
find_dependency(PkgConfig)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc libbrotlidec)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
