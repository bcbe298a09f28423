// What a request gets, whatever the protocol version: admission, its handler, and a problem+json for what that throws.
#pragma once

#include "marty/http/message.hpp"

namespace marty::http::internal {

class LoopServer;
class RequestPlace;

void answer(LoopServer& server, RequestPlace& place, Request& request, Response& response);

// Within a catch block. Where the head is sent already, the response fails.
void answer_exception(Response& response);

}  // namespace marty::http::internal
