// The endpoint of a receiver: the origin that requests go to, and what may be said of it.
#pragma once

#include <string>
#include <string_view>

#include "marty/http/internal/url.hpp"
#include "marty/otlp/options.hpp"

namespace marty::otlp::internal {

// Throws invalid_argument where it is no URL of http or https, or has more than its protocol uses: user information, a
// query or a fragment (tokens belong to the headers), and for gRPC a path. The message quotes none of them.
http::internal::Url parse_endpoint(std::string_view endpoint, Protocol protocol);

// For the log: "https://collector:4318", without the path, which may name a tenant. REQUIRES an endpoint that was
// parsed.
std::string origin_of(std::string_view endpoint);

}  // namespace marty::otlp::internal
