// Signature Version 4: how requests to AWS prove who sends them.
//
//   aws::SignedRequest request{.method = "POST", .path = "/", .headers = {{"host", host}, {"x-amz-date", date}}, ...};
//   headers.push_back({"authorization", aws::authorization(request, credentials, {"eu-west-1", "secretsmanager"})});
//
// Source: "Create a signed AWS API request", IAM User Guide. Paths are normalized and encoded as all services but S3
// demand it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marty/base/secret.hpp"
#include "marty/base/time.hpp"

namespace marty::aws {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // of temporary ones; empty: none
};

// What is signed. All headers are: `host` and `x-amz-date` (amz_date()) have to be among them, and those that a proxy
// may change must not.
struct SignedRequest {
  std::string_view method;
  std::string_view path;   // as it is sent
  std::string_view query;  // without '?'
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
};

struct SigningScope {
  std::string_view region;
  std::string_view service;
};

// "20260131T083000Z"
std::string amz_date(Timestamp time);

// What the signature is over; for tests, and for whoever has to find out why one does not fit.
std::string canonical_request(const SignedRequest& request, bool normalize = true);

// The value of the header Authorization. `normalize`: "." and ".." and empty segments of the path are resolved.
// Throws Error(invalid_argument) where x-amz-date is missing.
std::string authorization(const SignedRequest& request, const Credentials& credentials, SigningScope scope,
                          bool normalize = true);

}  // namespace marty::aws
