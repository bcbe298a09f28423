// The lists name=value,name=value in OpenTelemetry's variables: W3C Baggage without properties.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace marty::otlp::internal {

// Names and values as they are written, without the blanks around them; views of `text`. Nothing where a member lacks
// its name or its '='. Between two commas may be nothing (RFC 9110 section 5.6.1.2).
std::optional<std::vector<std::pair<std::string_view, std::string_view>>> split_list(std::string_view text);

}  // namespace marty::otlp::internal
