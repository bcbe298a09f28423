// What nghttp2 calls back: the way from C to Http2Session and Http2Stream. No exception passes.
#pragma once

#include <nghttp2/nghttp2.h>

namespace marty::http::internal {

void register_callbacks(nghttp2_session_callbacks* callbacks);

}  // namespace marty::http::internal
