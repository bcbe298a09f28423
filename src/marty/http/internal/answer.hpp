// What a request gets, whatever the protocol version: admission, its handler, and a problem+json for what that throws;
// or a refusal, which the handler writes, too.
#pragma once

#include "marty/http/internal/parse_error.hpp"
#include "marty/http/message.hpp"

namespace marty::http::internal {

class LoopServer;
class RequestPlace;

inline constexpr ParseError kBodyTooLarge{413, Code::out_of_range,
                                          "the request body is larger than this server accepts"};

void answer(LoopServer& server, RequestPlace& place, Request& request, Response& response);

// For whatever is not let in: REQUIRES that the request holds only what was read of it, and nothing that is wrong.
void refuse(LoopServer& server, Request& request, Response& response, const ParseError& error);

// Within a catch block. Where the head is sent already, the response fails. Throws std::bad_alloc where there is no
// memory even for that: the connection, or stream, has to end.
void answer_exception(Response& response);

}  // namespace marty::http::internal
