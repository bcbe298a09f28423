// What a request gets, whatever the protocol version: admission, its handler, and a problem+json for what that throws.
#pragma once

#include "marty/http/message.hpp"

namespace marty::http::internal {

class LoopServer;

void answer(LoopServer& server, Request& request, Response& response);

// Within a catch block. Where the head is sent already, the response fails. Throws std::bad_alloc where there is no
// memory even for that: the connection, or stream, has to end.
void answer_exception(Response& response);

}  // namespace marty::http::internal
