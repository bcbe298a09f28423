#include "marty/grpc/internal/target.hpp"

#include <charconv>

#include "marty/base/error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::grpc::internal {
namespace {

[[noreturn]] void refuse_target(std::string_view text) {
  throw Error(Code::invalid_argument, "\"" + std::string(text) +
                                          "\" is not a gRPC target: write host:port, as in shop:8080, "
                                          "several of them separated by commas, or unix:/path");
}

Target::Server parse_server(std::string_view text, std::string_view whole) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse_target(whole);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) refuse_target(whole);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');  // as an IPv6 address has to be
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of(bracketed ? "/@ []" : "/@ []:") != std::string_view::npos)
    refuse_target(whole);
  return {std::string(host), port};
}

}  // namespace

Target parse_target(std::string_view text) {
  Target target{.text = std::string(text), .authority = std::string(text.substr(0, text.find(','))), .servers = {}};
  if (text.starts_with("unix:")) {
    if (text.size() == 5) refuse_target(text);
    target.authority = "localhost";
    return target;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    target.servers.push_back(parse_server(text.substr(begin, end - begin), text));
    begin = end + 1;
  }
  return target;
}

std::vector<Target::Place> Target::resolve() const {
  if (servers.empty()) return {{runtime::Address::parse(text), authority}};
  std::vector<Place> places;
  std::exception_ptr failure;
  for (const Server& server : servers) {
    try {
      for (const runtime::Address& address : runtime::resolve(server.host, server.port))
        places.push_back({address, server.host});
    } catch (const Error& error) {
      if (error.code() == Code::cancelled || runtime::deadline() <= runtime::now()) throw;
      failure = std::current_exception();
    }
  }
  if (places.empty() && failure) std::rethrow_exception(failure);
  return places;
}

}  // namespace marty::grpc::internal
