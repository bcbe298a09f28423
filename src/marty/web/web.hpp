// Everything of web that a service author writes against, with the daily names in namespace marty.
#pragma once

#include "marty/web/app.hpp"
#include "marty/web/caller.hpp"
#include "marty/web/file_reply.hpp"
#include "marty/web/filter.hpp"
#include "marty/web/multipart.hpp"
#include "marty/web/parameters.hpp"
#include "marty/web/results.hpp"

namespace marty {
using web::Body;
using web::Caller;
using web::Cookie;
using web::Created;
using web::File;
using web::FileReply;
using web::Form;
using web::HeaderValue;
using web::Html;
using web::Next;
using web::Path;
using web::PlainText;
using web::Query;
using web::Reply;
using web::Stream;
using web::Upload;
}  // namespace marty
