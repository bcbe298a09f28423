#include <marty/base/error.hpp>

#include <cstdio>

int main() {
  const marty::Error error(marty::Code::not_found, "hello");
  std::puts(error.what());
  return marty::code_info(error.code()).http_status == 404 ? 0 : 1;
}
