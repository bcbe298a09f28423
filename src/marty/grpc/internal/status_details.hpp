// grpc-status-details-bin: an error as a google.rpc.Status with its details (google.rpc error_details): what is wrong
// with which field (BadRequest), and a reason, a domain and the correlation id (ErrorInfo).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/error.hpp"

namespace marty::grpc::internal {

// An error on its way to a caller, with everything that the protocols say of it.
struct Status {
  Code code;
  std::string message;
  std::vector<ErrorDetail> details;
};

// What every error of ours says. `domain` is the service.
std::vector<ErrorDetail> details_of(const Error& error, std::string_view domain, std::string_view correlation_id);

// Serialized.
std::string write_status_details(const Status& status);

// The details of a Status; none where the bytes are not a Status. And the fields that one of them names.
std::vector<ErrorDetail> read_status_details(std::string_view bytes);
std::vector<FieldError> fields_of(std::span<const ErrorDetail> details);

// "/items/0/name" -> "items[0].name", and back.
std::string field_path(std::string_view pointer);
std::string field_pointer(std::string_view path);

}  // namespace marty::grpc::internal
